import { expect, test } from 'vitest';
import { TestClock } from '../../src/testing/index.ts';

test('it stands still until it is moved', async () => {
  const clock = new TestClock(new Date('2030-01-01'));
  const { now } = clock.system;
  expect(now()).toBe(Date.UTC(2030, 0, 1));
  await clock.settle();
  expect(clock.now()).toBe(Date.UTC(2030, 0, 1));
  await clock.advance('1d');
  expect(now()).toBe(Date.UTC(2030, 0, 2));
});

test('timers ring in the order of their times, each at its own', async () => {
  const clock = new TestClock(0);
  const rung: [string, number][] = [];
  const set = (name: string, delay: number) =>
    clock.system.timer(delay, () => rung.push([name, clock.now()]));
  set('late', 3_000);
  set('early', 1_000);
  const cancel = set('cancelled', 2_000);
  clock.system.timer(1_500, () => set('from another', 200));
  set('beyond', 10_000);
  cancel();
  await clock.advance('5s');
  expect(rung).toEqual([
    ['early', 1_000],
    ['from another', 1_700],
    ['late', 3_000],
  ]);
  expect(clock.next).toBe(10_000);
});

test('what follows from a timer happens before the next one rings', async () => {
  const clock = new TestClock(0);
  const log: string[] = [];
  clock.system.timer(10, () => {
    log.push('first');
    void Promise.resolve()
      .then(() => new Promise<void>((resolve) => clock.system.soon(resolve)))
      .then(() => log.push('what follows'));
  });
  clock.system.timer(11, () => log.push('second'));
  await clock.advance(20);
  expect(log).toEqual(['first', 'what follows', 'second']);
});

test('rounds in the background do not make it stop', async () => {
  const clock = new TestClock(0);
  let rounds = 0;
  const round = () => {
    rounds++;
    clock.system.timer(1_000, round, 'background');
  };
  clock.system.timer(1_000, round, 'background');
  expect(clock.next).toBeNull();
  await clock.advance('36500d');
  expect(rounds).toBe(1);
});

test('ids and random numbers are the same in every test run', () => {
  const [one, two] = [new TestClock(0), new TestClock(99)];
  const drawn = ({ system }: TestClock) => [system.uuid(), system.uuid(), system.random(), system.random()];
  const first = drawn(one);
  expect(drawn(two)).toEqual(first);
  expect(new Set(first).size).toBe(4);
});
