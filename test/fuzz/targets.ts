import * as fc from 'fast-check';
import type { Document, Operation } from './document.ts';
import { valueOf } from './values.ts';

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

/** Paths with ids that exist, or that no id can be, and parameters that nearly fit. */
export function targetOf(operation: Operation, pool: Pool, document: Document): fc.Arbitrary<string> {
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
