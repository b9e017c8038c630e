import * as fc from 'fast-check';
import type { Document, Schema } from './document.ts';

/** Values of every wrong kind. */
const wrong: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    1e21,
    2 ** 53,
    -0,
    '',
    ' ',
    '.',
    '..',
    [],
    {},
    [[]],
    'NaN',
    '1e999',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(300, 5_000).map((length) => 'x'.repeat(length)),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(150, 199, 250).map(nested),
  fc.constant(
    JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":1}') as unknown,
  ),
);

/** Texts that mean something to some option, so that requests get beyond the first check. */
const meaningful = fc.constantFrom(
  ...[
    '1s',
    '30s',
    '1h',
    '0',
    '-1s',
    '99999d',
    '1h30m',
    '100000000d',
    '100000001d',
    '9007199254740993ms',
    '+275760-09-13T00:00:00Z',
    '+275760-09-14T00:00:00Z',
    '-271821-04-20T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '* * * * *',
    '*/5 * * * * *',
    '0 0 30 2 *',
    'UTC',
    'Asia/Tokyo',
  ],
  ...[
    'echo',
    'stages',
    'approval',
    'fuzz',
    'compose',
    'go',
    '2026-01-31T12:00:00Z',
    '2026-13-99',
    'succeeded',
    'x',
  ],
);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Of 32 and 53 bits, of times that a Date has, and of what is allowed. */
const EDGES = [0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 8.64e15, 8.64e15 + 1, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e21];

function edges({ minimum, maximum }: Schema): number[] {
  return [...EDGES, ...EDGES.map((edge) => -edge), minimum ?? 0, maximum ?? 0];
}

/** Values that fit a schema, of which now and then a part does not. */
export function valueOf(schema: Schema, document: Document, depth = 0): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fitting(schema, document, depth) },
    { weight: 1, arbitrary: wrong },
  );
}

function fitting(schema: Schema, document: Document, depth: number): fc.Arbitrary<unknown> {
  const { $ref, anyOf, oneOf, items, minimum = -10, maximum = 1_000 } = schema;
  if (depth > 6) return fc.constant(null);
  if ($ref !== undefined)
    return valueOf(document.components.schemas[$ref.split('/').at(-1)!]!, document, depth + 1);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const either = anyOf ?? oneOf;
  if (either !== undefined) return fc.oneof(...either.map((one) => valueOf(one, document, depth + 1)));
  switch (schema.type) {
    case 'string':
      return fc.oneof(meaningful, fc.string({ maxLength: 12 }), fc.uuid());
    case 'integer':
      return fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, 10_000) }) },
        { weight: 1, arbitrary: fc.constantFrom(...edges(schema)) },
      );
    case 'number':
      return fc.oneof(fc.integer({ min: -1, max: 20 }), fc.double(), fc.constantFrom(...edges(schema)));
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valueOf(items ?? {}, document, depth + 1), { maxLength: 5 });
    case 'object':
      return objectOf(schema, document, depth);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf(
  { properties = {}, required = [] }: Schema,
  document: Document,
  depth: number,
): fc.Arbitrary<unknown> {
  const keys = Object.keys(properties);
  const model = Object.fromEntries(
    keys.map((key) => [key, valueOf(properties[key]!, document, depth + 1)] as const),
  );
  const isNeeded = new Set(required);
  const some = fc
    .oneof(fc.subarray(keys, { maxLength: Math.min(2, keys.length) }), fc.subarray(keys))
    .map((kept) => new Set(kept));
  const spoilt = fc.oneof(
    { weight: 30, arbitrary: fc.constant('' as const) },
    { weight: 1, arbitrary: fc.constantFrom('lacking' as const, 'unknown' as const) },
  );
  return fc.tuple(fc.record(model), some, spoilt).map(([whole, kept, spoil]) => {
    const isKept = (key: string) => kept.has(key) || (isNeeded.has(key) && spoil !== 'lacking');
    const body = Object.fromEntries(Object.entries(whole).filter(([key]) => isKept(key)));
    return spoil === 'unknown' ? { ...body, unknwon: 1 } : body;
  });
}
