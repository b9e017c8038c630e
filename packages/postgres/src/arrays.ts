import { Buffer } from 'node:buffer';

/*
 * Arrays in PostgreSQL's binary form. As text they would have to be quoted and escaped, element by element, here and
 * there; journals are full of quotes.
 */

const BOOLEAN = { oid: 16, bytes: 1 };
const INT8 = { oid: 20, bytes: 8 };
const INT4 = { oid: 23, bytes: 4 };
const TEXT_OID = 25;

/** Dimensions, whether there are nulls, type of the elements, length, lower bound. */
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

/** `bigint[]`. Times are whole milliseconds: a part of one counts as the whole, so that nothing happens before its time. */
export function bigints(values: readonly (number | null)[]): Buffer {
  return numbers(values, INT8, (buffer, value, offset) => {
    const whole = Math.ceil(value);
    const high = Math.floor(whole / 2 ** 32);
    buffer.writeInt32BE(high, offset);
    buffer.writeUInt32BE(whole - high * 2 ** 32, offset + 4);
  });
}

/** `integer[]` */
export function integers(values: readonly (number | null)[]): Buffer {
  return numbers(values, INT4, (buffer, value, offset) => buffer.writeInt32BE(value, offset));
}

/** `boolean[]` */
export function booleans(values: readonly boolean[]): Buffer {
  return numbers(values.map(Number), BOOLEAN, (buffer, value, offset) => buffer.writeUInt8(value, offset));
}

/** `text[]` */
export function texts(values: readonly (string | null)[]): Buffer {
  let bytes = HEADER_BYTES + values.length * LENGTH_BYTES;
  for (const value of values) if (value !== null) bytes += Buffer.byteLength(value);
  const buffer = withHeader(TEXT_OID, values.length, bytes);
  let offset = HEADER_BYTES;
  for (const value of values) {
    const length = value === null ? NULL_LENGTH : buffer.write(value, offset + LENGTH_BYTES);
    buffer.writeInt32BE(length, offset);
    offset += LENGTH_BYTES + Math.max(length, 0);
  }
  return buffer;
}

function numbers(
  values: readonly (number | null)[],
  { oid, bytes }: { oid: number; bytes: number },
  write: (buffer: Buffer, value: number, offset: number) => void,
): Buffer {
  const nulls = values.reduce<number>((count, value) => (value === null ? count + 1 : count), 0);
  const size = HEADER_BYTES + values.length * LENGTH_BYTES + (values.length - nulls) * bytes;
  const buffer = withHeader(oid, values.length, size);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = buffer.writeInt32BE(value === null ? NULL_LENGTH : bytes, offset);
    if (value === null) continue;
    write(buffer, value, offset);
    offset += bytes;
  }
  return buffer;
}

function withHeader(oid: number, length: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}
