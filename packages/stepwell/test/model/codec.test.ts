import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { seal, unseal, type Codec } from '../../src/model/codec.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { Payloads } from '../../src/model/payload.ts';

const codec: Codec = {
  encode: (text) => Buffer.from(text).toString('base64'),
  decode: (stored) => Buffer.from(stored, 'base64').toString(),
};

test('what is sealed is unsealed as it was, with a codec and without', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (value, coded) => {
      const used = coded ? codec : null;
      const text = JSON.stringify(value);
      expect(JSON.stringify(unseal(seal(text, used), used))).toBe(text);
    }),
  );
});

test('what was stored before there was a codec is still read', () => {
  for (const value of [{ a: 1 }, [1], 'x', null, { $coded: 5 }, { $coded: 'x', more: 1 }]) {
    expect(unseal(value, codec)).toEqual(value);
  }
  expect(unseal(undefined, codec)).toBeUndefined();
});

test('without a codec a value that looks like a coded one is a value', () => {
  expect(unseal({ $coded: 'x' }, null)).toEqual({ $coded: 'x' });
});

test('payloads are measured before they are coded', () => {
  const growing: Codec = { encode: (text) => text.repeat(100), decode: () => '""' };
  const payloads = new Payloads(growing, { ...DEFAULT_LIMITS, payloadBytes: 10 });
  expect(payloads.encode('12345678', 'value')).toEqual({ $coded: '"12345678"'.repeat(100) });
  expect(() => payloads.encode('123456789', 'value')).toThrow(
    expect.objectContaining({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringContaining('The value has 11 bytes'),
    }),
  );
});
