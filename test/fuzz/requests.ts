import * as fc from 'fast-check';
import type { Document, Operation } from './document.ts';
import { EXAMPLES } from './examples.ts';
import { valueOf } from './values.ts';

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

/** Ids that exist, by the name of the path parameter and what the path is about. */
export type Pool = (operation: Operation, parameter: string) => readonly string[];

const evilSegments = fc.oneof(
  fc.constantFrom(
    ...[
      '..',
      '.',
      '%2e%2e',
      '%2E',
      '..%2f..%2f..%2fetc%2fpasswd',
      '%2F',
      '%5c',
      '\\',
      '%00',
      '%0a',
      '%',
      '%zz',
    ],
    ...[
      '%ff',
      '%c3',
      '%ed%a0%80',
      '%F0%9F%A6%80',
      'a%20',
      '%20a',
      '*',
      ':id',
      '{id}',
      ';',
      "'",
      '"',
      '<script>',
      '$&',
    ],
    ...[
      '__proto__',
      'constructor',
      'null',
      '0',
      '-1',
      'cancel',
      'batch',
      'next',
      '%EF%BB%BF',
      '\x80',
      '\xff',
    ],
  ),
  fc.constantFrom(256, 300, 4_000, 9_000, 17_000).map((length) => 'i'.repeat(length)),
  fc.string({ unit: 'binary', maxLength: 10 }).map((text) => encodeURIComponent(text.toWellFormed())),
);

function targetOf(operation: Operation, pool: Pool, document: Document): fc.Arbitrary<string> {
  const segments = operation.path.split('/').map((segment) => segmentOf(segment, operation, pool));
  return fc
    .tuple(fc.tuple(...segments), queryOf(operation, document))
    .map(([path, query]) => `${path.join('/')}${query}`);
}

function segmentOf(segment: string, operation: Operation, pool: Pool): fc.Arbitrary<string> {
  if (!segment.startsWith('{')) return fc.constant(segment);
  const known = pool(operation, segment.slice(1, -1));
  if (known.length === 0) return evilSegments;
  // Looked up when it is used: what exists changes while requests are made.
  const existing = fc.nat().map((n) => {
    const now = pool(operation, segment.slice(1, -1));
    return encodeURIComponent(now[n % now.length]!);
  });
  return fc.oneof({ weight: 5, arbitrary: existing }, { weight: 2, arbitrary: evilSegments });
}

function queryOf({ parameters = [] }: Operation, document: Document): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const pair = fc.oneof(
    ...known.map(({ name, schema }) => ({
      weight: 6,
      arbitrary: valueOf(schema, document).map((value) => `${name}=${encodeURIComponent(textOf(value))}`),
    })),
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'unknown=1',
        '__proto__=1',
        '=',
        '&',
        '%',
        'limit=1&limit=2',
        'status=',
        '%ff=%ff',
      ),
    },
  );
  const some = fc.array(pair, { minLength: 1, maxLength: 3 }).map((pairs) => `?${pairs.join('&')}`);
  return fc.oneof(
    { weight: known.length === 0 ? 20 : 3, arbitrary: fc.constant('') },
    { weight: known.length === 0 ? 1 : 3, arbitrary: some },
  );
}

function textOf(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
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

/** The bytes of a body: mostly JSON that fits, or nearly. */
function bodyOf(operation: Operation, document: Document): fc.Arbitrary<Uint8Array | null> {
  const schema = operation.requestBody?.content['application/json']?.schema ?? { type: 'object' };
  const json = valueOf(schema, document).map((value) => bytes(JSON.stringify(value).toWellFormed()));
  const spoilt = fc.tuple(json, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const copy = Uint8Array.from(text);
    if (copy.length > 0) copy[at % copy.length] = byte;
    return copy;
  });
  const examples = EXAMPLES[operation.operationId] ?? [{}];
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...examples).map((body) => bytes(JSON.stringify(body))) },
    { weight: 20, arbitrary: json },
    { weight: 4, arbitrary: spoilt },
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: evilText.map(bytes) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: multipart },
  );
}

const evilText = fc.constantFrom(
  ...[
    '{',
    '}',
    '[]',
    'null',
    '"',
    '{"input":1e999}',
    '{"input":12345678901234567890}',
    '{"input":-}',
    '\uFEFF{}',
  ],
  ...[
    '{"input":"\\ud800"}',
    '{"input":1,"input":2}',
    '{"id":"\\u0000"}',
    '{"__proto__":{"a":1}}',
    '//',
    'NaN',
    '{"a":',
  ],
  '['.repeat(100_000),
  `{"input":${'['.repeat(5_000)}1e5${']'.repeat(5_000)}}`,
  `{"input":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`,
  `{"input":"${'x'.repeat(70_000)}"}`,
  `{"input":"${'x'.repeat(1_200_000)}"}`,
  `{"items":[${'{},'.repeat(10_001)}{}]}`,
);

const multipart = fc
  .tuple(
    fc.constantFrom('{"input":1}', '{', '', '{"id":".."}'),
    fc.constantFrom('in.csv', '../../etc/passwd', '', 'a/b', '\xff', 'x'.repeat(300)),
    fc.constantFrom('--x--\r\n', '--x-', '', '--x\r\nContent-Disposition: form-data; name="b"\r\n\r\n'),
  )
  .map(([start, name, end]) =>
    Buffer.from(
      `--x\r\nContent-Disposition: form-data; name="start"\r\n\r\n${start}\r\n` +
        `--x\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\nContent-Type: text/csv\r\n\r\na,b\r\n${end}`,
      'latin1',
    ),
  );

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
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
