import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expectTypeOf, test } from 'vitest';
import type { Accepted, Schema, Validated } from '../src/index.ts';

test('every Standard Schema is a schema, with the same types', () => {
  expectTypeOf<StandardSchemaV1<string, number>>().toExtend<Schema>();
  expectTypeOf<Accepted<StandardSchemaV1<string, number>>>().toEqualTypeOf<string>();
  expectTypeOf<Validated<StandardSchemaV1<string, number>>>().toEqualTypeOf<number>();
});
