import * as fc from 'fast-check';
import type { Document, Operation } from './document.ts';
import { EXAMPLES } from './examples.ts';
import { valueOf } from './values.ts';

/** The bytes of a body: mostly JSON that fits, or nearly. */
export function bodyOf(operation: Operation, document: Document): fc.Arbitrary<Uint8Array | null> {
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

export const evilText = fc.constantFrom(
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

export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}
