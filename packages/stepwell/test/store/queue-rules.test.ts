import { expect, test } from 'vitest';
import type { QueueLimits } from '../../src/model/queue.ts';
import {
  allowance,
  type Candidate,
  holdsOf,
  type Line,
  nextBeginning,
  nextOf,
  type QueueState,
} from '../../src/store/queue-rules.ts';

const state = (limits: QueueLimits, given: Partial<QueueState> = {}): QueueState => ({
  name: 'mail',
  limits,
  paused: null,
  active: 0,
  begun: [],
  ...given,
});

function lineOf(...runs: Candidate[]): Line<Candidate> {
  return { first: () => runs[0] ?? null, shift: () => void runs.shift() };
}

test('a queue lets as many go as it has places and beginnings left', () => {
  const none = Number.POSITIVE_INFINITY;
  const rate = { limit: 3, period: 100 };
  expect(allowance(state({}), 0)).toEqual({ places: none, beginnings: none });
  expect(allowance(state({ concurrency: 5 }, { active: 2 }), 0)).toEqual({ places: 3, beginnings: 3 });
  expect(allowance(state({ concurrency: 1 }, { active: 2 }), 0)).toEqual({ places: 0, beginnings: 0 });
  const begun = [100, 150, 200];
  expect(allowance(state({ rate }, { begun }), 199)).toEqual({ places: none, beginnings: 0 });
  expect(allowance(state({ rate }, { begun }), 200)).toEqual({ places: none, beginnings: 1 });
  expect(allowance(state({ rate: { ...rate, limit: 1 } }, { begun }), 201).beginnings).toBe(0);
  expect(allowance(state({ concurrency: 5 }, { paused: { at: 1 } }), 0)).toEqual({
    places: 0,
    beginnings: 0,
  });
});

test('the next beginning is a period after that which has to leave the window first', () => {
  const rate = { limit: 2, period: 100 };
  expect(nextBeginning(state({ rate }, { begun: [5] }))).toBeNull();
  expect(nextBeginning(state({ rate }, { begun: [5, 7, 9] }))).toBe(107);
  expect(nextBeginning(state({}, { begun: [5, 7, 9] }))).toBeNull();
});

test('lines are merged by their first ones: urgency, then time, then age', () => {
  const run = (key: number, priority: number, readyAt: number) => ({ key, priority, readyAt });
  const lines = [
    lineOf(run(1, 0, 50), run(2, 0, 10)),
    lineOf(run(3, 0, 30), run(4, 0, 50), run(5, 0, 60)),
    lineOf(run(6, 9, 99)),
    lineOf(),
  ];
  const keys: number[] = [];
  for (let next = nextOf(lines); next !== null; next = nextOf(lines)) keys.push(next.key);
  expect(keys).toEqual([6, 3, 1, 2, 4, 5]);
});

test('says what holds: all of it, in words', () => {
  const limits = { concurrency: 1, rate: { limit: 1, period: 100 } };
  expect(holdsOf(state(limits, { paused: { at: 1, reason: 'fire' }, active: 1, begun: [7] }))).toEqual([
    { kind: 'queue paused', detail: 'the queue "mail" was paused: fire' },
    { kind: 'queue limit', detail: 'the queue "mail" runs at most 1 at once' },
    { kind: 'rate', detail: 'of the queue "mail" at most 1 begin in 100ms', until: 107 },
  ]);
  expect(holdsOf(state(limits))).toEqual([]);
});
