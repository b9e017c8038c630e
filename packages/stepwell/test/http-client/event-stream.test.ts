import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStreamReader, type Message } from '../../src/http-client/event-stream.ts';

function read(...pieces: string[]): Message[] {
  const reader = new EventStreamReader();
  return pieces.flatMap((piece) => reader.push(piece));
}

const message = (data: string, event = '', id?: string): Message => ({ event, data, id });

describe('messages', () => {
  test('type, data and id', () => {
    expect(read('id: 7\nevent: status\ndata: {"a":1}\n\n')).toEqual([message('{"a":1}', 'status', '7')]);
  });

  test('several lines of data are one text', () => {
    expect(read('data: one\ndata:two\ndata\ndata:  four\n\n')).toEqual([message('one\ntwo\n\n four')]);
  });

  test('comments and unknown fields are passed over', () => {
    expect(read(': keep-alive\n\nretry: 10\nnonsense: x\n:\ndata: x\n\n')).toEqual([message('x')]);
  });

  test.each(['\n', '\r\n', '\r'])('lines end with %j', (end) => {
    const text = ['id: 1', 'data: a', '', 'data: b', '', ''].join(end);
    expect(read(text)).toEqual([message('a', '', '1'), message('b', '', '1')]);
  });

  test('the type is of one message, the id stays until there is another', () => {
    expect(read('event: x\nid: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n')).toEqual([
      message('a', 'x', '1'),
      message('b', '', '1'),
      message('c', '', ''),
    ]);
  });

  test('an id with a NUL is none', () => {
    expect(read('id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n').map(({ id }) => id)).toEqual(['1', '1']);
  });

  test('what has no data is no message, and its type is forgotten', () => {
    expect(read('event: x\n\ndata: a\n\n')).toEqual([message('a')]);
  });

  test('what is left incomplete at the end is no message', () => {
    expect(read('data: a\n\ndata: b\n')).toEqual([message('a')]);
  });
});

describe('the last id', () => {
  test('is that of the last complete message', () => {
    const reader = new EventStreamReader('5');
    expect(reader.lastId).toBe('5');
    reader.push('id: 6\ndata: a\n\nid: 7\ndata: b\n');
    expect(reader.lastId).toBe('6');
  });

  test('may come without data', () => {
    const reader = new EventStreamReader();
    expect(reader.push('id: now\n\n')).toEqual([]);
    expect(reader.lastId).toBe('now');
  });
});

test('it does not matter where the pieces end', () => {
  const line = fc.oneof(
    fc.constantFrom('', 'data', 'data: x', 'data:', 'event: e', 'id: 1', 'id', ': c', ':', 'other: y'),
    fc.string().map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
  );
  const text = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')))
    .map((lines) => lines.map(([text, end]) => text + end).join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(20)), (text, lengths) => {
      const pieces: string[] = [];
      let rest = text;
      for (const length of lengths) {
        pieces.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      expect(read(...pieces, rest)).toEqual(read(text));
    }),
  );
});

test('a long line in many pieces is read in linear time', () => {
  const reader = new EventStreamReader();
  const piece = 'x'.repeat(1_000);
  const began = performance.now();
  reader.push('data: ');
  for (let n = 0; n < 20_000; n++) reader.push(piece);
  const [read] = reader.push('\n\n');
  expect(read!.data.length).toBe(20_000_000);
  // Quadratic it would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
});
