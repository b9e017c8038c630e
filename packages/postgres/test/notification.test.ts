import { expect, test } from 'vitest';
import type { News } from 'stepwell/engine';
import { decode, encode } from '../src/notification.ts';

const READY: News = { type: 'ready', at: 1_700_000_000_000 };
const MANY: News[] = Array.from({ length: 5_000 }, (_, n) => ({ type: 'fact', run: n }));

test('news are read as they were written', () => {
  const news: News[] = [
    { type: 'fact', run: 12 },
    { type: 'journal', run: Number.MAX_SAFE_INTEGER, ended: false },
    { type: 'journal', run: 7, ended: true },
    READY,
  ];
  expect(decode(encode('me', news))).toEqual({ sender: 'me', news });
});

test('what is said twice is written once, and of many times the first', () => {
  const news: News[] = [{ type: 'fact', run: 1 }, READY, { type: 'fact', run: 1 }, { type: 'ready', at: 5 }];
  expect(decode(encode('me', news)).news).toEqual([
    { type: 'fact', run: 1 },
    { type: 'ready', at: 5 },
  ]);
});

test('how a run has ended is not written', () => {
  const end = {
    status: 'failed',
    output: undefined,
    error: undefined,
    continuedBy: null,
    endedAt: 1,
  } as const;
  const news: News[] = [{ type: 'journal', run: 7, ended: true, end }];
  expect(decode(encode('me', news)).news).toEqual([{ type: 'journal', run: 7, ended: true }]);
});

test('more than PostgreSQL takes says that everything is to be looked at', () => {
  expect(decode(encode('me', MANY)).news).toEqual([{ type: 'missed' }]);
  expect(decode(encode('me', [READY, { type: 'missed' }])).news).toEqual([{ type: 'missed' }]);
  const most = MANY.slice(0, 1_000);
  expect(Buffer.byteLength(encode('me', most))).toBeLessThan(8_000);
  expect(decode(encode('me', most)).news).toEqual(most);
});

test('words of a newer version are passed over', () => {
  expect(decode('me x12 f1 y- ').news).toEqual([{ type: 'fact', run: 1 }]);
});
