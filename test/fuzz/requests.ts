import * as fc from 'fast-check';
import type { Document, Operation } from './document.ts';
import { bodyOf, bytes, evilText } from './bodies.ts';
import { type Pool, targetOf } from './targets.ts';

/** A request as it goes over the wire, byte for byte. */
export interface WireRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
  readonly framing: 'length' | 'chunked' | 'too long' | 'no number';
  /** `pieces`: a few bytes at a time. `cut`: half of it, then the end. `stopped`: half of it, then silence. */
  readonly delivery: 'whole' | 'pieces' | 'cut' | 'stopped';
}

const evilHeader = fc.constantFrom<readonly [string, string]>(
  ...([
    ['If-None-Match', '*'],
    ['If-None-Match', '"'.repeat(500)],
    ['Prefer', 'wait=1'],
    ['Prefer', 'wait=99999999999999999999'],
    ['Prefer', ','.repeat(2_000)],
    ['Idempotency-Key', 'a b'],
    ['Idempotency-Key', 'x'.repeat(300)],
    ['Idempotency-Key', 'same'],
    ['Last-Event-ID', '-1'],
    ['Last-Event-ID', '999999999999999999999'],
    ['Last-Event-ID', '\xff'],
    ['Origin', 'http://elsewhere.example'],
    ['Origin', 'null'],
    ['Host', 'elsewhere.example'],
    ['Host', '127.0.0.1:99999'],
    ['Content-Type', 'multipart/form-data; boundary=x'],
    ['Content-Type', 'multipart/form-data'],
    ['Content-Type', 'text/plain; charset=utf-16'],
    ['Content-Encoding', 'gzip'],
    ['Expect', '100-continue'],
    ['Expect', 'the worst'],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Range', 'bytes=5-1,-0,99999999999-'],
    ['Range', 'bytes=-1'],
    ['traceparent', '00-0-0-0'],
    ['If-Match', '"x"'],
    ['X\xff', 'y'],
    ['X-Long', 'x'.repeat(10_000)],
    ['Accept', '\xff\xfe'],
    ['Cookie', ';='.repeat(100)],
  ] as const),
);

const headersOf = fc.oneof(
  { weight: 20, arbitrary: fc.constant([]) },
  { weight: 5, arbitrary: fc.array(evilHeader, { maxLength: 3 }) },
  { weight: 2, arbitrary: fc.uuid().map((key) => [['Idempotency-Key', key] as const]) },
  { weight: 1, arbitrary: fc.constantFrom(90, 101, 500, 3_000).map(manyHeaders) },
);

function manyHeaders(count: number): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, n) => [`X-${n}`, 'x'] as const);
}

/** Requests of all operations of a document, most of them nearly right. */
export function requestsOf(
  operations: readonly Operation[],
  document: Document,
  pool: Pool,
): fc.Arbitrary<WireRequest> {
  return fc.oneof(
    ...operations.map((operation) =>
      fc.record({
        operation: fc.constant(operation),
        method: fc.oneof(
          { weight: 30, arbitrary: fc.constant(operation.method) },
          {
            weight: 1,
            arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'),
          },
        ),
        target: targetOf(operation, pool, document),
        headers: headersOf,
        body:
          operation.method === 'GET'
            ? fc.oneof(
                { weight: 20, arbitrary: fc.constant(null) },
                { weight: 1, arbitrary: evilText.map(bytes) },
              )
            : bodyOf(operation, document),
        framing: fc.oneof(
          { weight: 20, arbitrary: fc.constant('length' as const) },
          { weight: 4, arbitrary: fc.constant('chunked' as const) },
          { weight: 1, arbitrary: fc.constantFrom('too long' as const, 'no number' as const) },
        ),
        delivery: fc.oneof(
          { weight: 80, arbitrary: fc.constant('whole' as const) },
          { weight: 3, arbitrary: fc.constantFrom('pieces' as const, 'cut' as const) },
          { weight: 1, arbitrary: fc.constant('stopped' as const) },
        ),
      }),
    ),
  );
}
