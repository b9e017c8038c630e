import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Timers } from '../../src/policy/timers.ts';

type Action = { type: 'add'; at: number } | { type: 'take'; now: number } | { type: 'void'; n: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), at: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('take' as const), now: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('void' as const), n: fc.nat(50) }) },
);

test('the heap gives what a sorted list gives, those of one time in the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const voided = new Set<number>();
      const timers = new Timers<number>(({ subject }) => !voided.has(subject));
      let list: { at: number; subject: number }[] = [];
      const taken: [fromHeap: number | null, fromList: number | null][] = [];
      let added = 0;
      for (const one of actions) {
        if (one.type === 'add') {
          timers.add(one.at, added);
          list.push({ at: one.at, subject: added++ });
        } else if (one.type === 'void') {
          voided.add(one.n);
          list = list.filter(({ subject }) => subject !== one.n);
        } else {
          const [first] = list.toSorted((a, b) => a.at - b.at || a.subject - b.subject);
          const due = first !== undefined && first.at <= one.now ? first : null;
          taken.push([timers.takeDue(one.now), due?.subject ?? null]);
          list = list.filter((timer) => timer !== due);
        }
        const [first] = list.toSorted((a, b) => a.at - b.at || a.subject - b.subject);
        const { at, subject } = timers.first() ?? {};
        expect({ at, subject }).toEqual({ at: first?.at, subject: first?.subject });
        // What was declared void before it was added does not count: its number is used again otherwise.
        voided.delete(added);
      }
      expect(taken.map(([fromHeap]) => fromHeap)).toEqual(taken.map(([, fromList]) => fromList));
    }),
  );
});

test('a timer that does not count any more is skipped, wherever it is', () => {
  const gone = new Set(['a', 'c']);
  const timers = new Timers<string>(({ subject }) => !gone.has(subject));
  for (const [at, subject] of [
    [3, 'c'],
    [1, 'a'],
    [4, 'd'],
    [2, 'b'],
  ] as const)
    timers.add(at, subject);
  expect([timers.takeDue(9), timers.takeDue(9), timers.takeDue(9)]).toEqual(['b', 'd', null]);
});

test('nothing is taken before its time', () => {
  const timers = new Timers<string>(() => true);
  timers.add(10, 'later');
  expect(timers.takeDue(9)).toBeNull();
  expect(timers.first()).toMatchObject({ at: 10, subject: 'later' });
  expect(timers.takeDue(10)).toBe('later');
  expect(timers.first()).toBeNull();
});
