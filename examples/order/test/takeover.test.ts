import type { RunEvent } from 'stepwell';
import { expect, test } from 'vitest';
import { type KilledWorker, takeoverFindings } from '../demo/takeover.ts';

const killed: KilledWorker = { worker: 'a', at: 10_000, lease: 3 };

/** The journal of an order that these workers had, each from that time on. */
const journal = (...activations: [at: number, worker: string][]) =>
  activations.map(([at, worker], position): RunEvent => {
    return { position, at, event: { type: 'run.activated', worker, format: 1 } };
  });

const failing = (worker: KilledWorker | null, serverKills: number, events: readonly RunEvent[]) =>
  takeoverFindings(worker, serverKills, events)
    .filter(({ holds }) => !holds)
    .map(({ expected }) => expected);

test('an order that another worker took over in time', () => {
  expect(failing(killed, 1, journal([1_000, 'b'], [9_000, 'a'], [13_500, 'b']))).toEqual([]);
});

test.each<[string, KilledWorker | null, number, RunEvent[], string[]]>([
  ['no server was killed', killed, 0, journal([9_000, 'a'], [13_000, 'b']), ['API server']],
  [
    'no worker was killed',
    null,
    1,
    journal([9_000, 'a'], [13_000, 'b']),
    ['a worker', 'took the order over'],
  ],
  [
    'it had another order',
    killed,
    1,
    journal([9_000, 'b'], [13_000, 'b']),
    ['a worker', 'took the order over'],
  ],
  ['nobody took it over', killed, 1, journal([9_000, 'a']), ['took the order over']],
  ['it was taken over too late', killed, 1, journal([9_000, 'a'], [16_500, 'b']), ['took the order over']],
  ['it was taken away before', killed, 1, journal([9_000, 'a'], [9_500, 'b']), ['took the order over']],
])('%s', (_, worker, serverKills, events, expected) => {
  expect(failing(worker, serverKills, events)).toEqual(
    expected.map((part) => expect.stringContaining(part) as unknown),
  );
});
