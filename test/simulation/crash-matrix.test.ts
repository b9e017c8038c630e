import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { livesOf, type Life } from './crash-matrix.ts';
import type { PlannedFault } from './faults.ts';
import { PassThroughStore } from './pass-through-store.ts';
import { PLANTS } from './planted.ts';
import { STORES_HERE } from './test-database.ts';
import { SWEEPS } from './sweeps.ts';

async function all(lives: AsyncIterable<Life>): Promise<Life[]> {
  const list: Life[] = [];
  for await (const life of lives) list.push(life);
  return list;
}

test.each(Object.entries(STORES_HERE))(
  'on the %s store an order is paid, whatever goes wrong',
  async (_, open) => {
    const lives = await all(livesOf(SWEEPS['order: paid']!, { open, extent: 'one at each moment' }));
    expect(lives.filter(({ problem }) => problem !== null)).toEqual([]);
    expect(lives.length).toBeGreaterThan(20);
  },
);

/** What the trace of a life says when what was planned for it has happened. */
const SIGNS: Readonly<Record<PlannedFault['what'], RegExp>> = {
  'crash before': /dies: before/,
  'crash after': /dies: after/,
  'answer lost': /#\d+ answer lost/,
  failed: /#\d+ failed/,
  'crash at entry': /dies: at the entry/,
  'crash at exit': /dies: at the exit/,
};

test('what is planned happens, once, and nothing else goes wrong', async () => {
  const lives = await all(livesOf(SWEEPS['an approval']!));
  const seen = new Set<string>();
  for (const { name, planned, report } of lives) {
    const signs = Object.entries(SIGNS).filter(([, sign]) => sign.test(report.trace.text));
    const happened = signs.map(([what]) => what);
    expect({ name, happened }).toEqual({ name, happened: planned === null ? [] : [planned.what] });
    if (planned !== null) seen.add(planned.what);
  }
  expect([...seen]).toEqual(Object.keys(SIGNS));
});

test('every call of the undisturbed life is hit in each of four ways, and every body as it is entered and left', async () => {
  const lives = await all(livesOf(SWEEPS['steps in a row']!));
  const [undisturbed, ...others] = lives;
  const { moments } = undisturbed!.report;
  const calls = moments.filter(({ at }) => at === 'call');
  expect(new Set(moments.map(({ at }) => at))).toEqual(new Set(['call', 'entry', 'exit']));
  expect(new Set(calls.map(({ what }) => what))).toContain('claim');
  expect(others).toHaveLength(4 * calls.length + (moments.length - calls.length));
});

/** Tells nobody that anything has happened: what is to be done is found out by looking, later. */
class Silent extends PassThroughStore {
  override subscribe(): () => void {
    return () => {};
  }
}

test('a life that went another way before anything was to go wrong is void', async () => {
  let isFirst = true;
  const plant = { breaks: '', shows: /./, shared: (store: Store) => (isFirst ? store : new Silent(store)) };
  const problems: string[] = [];
  for await (const { problem } of livesOf(SWEEPS['an approval']!, { plant, extent: 'one at each moment' })) {
    isFirst = false;
    if (problem !== null) problems.push(problem);
  }
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.filter((problem) => !problem.startsWith('void'))).toEqual([]);
});

test('a planted bug is found by the matrix as well', async () => {
  const plant = PLANTS['acknowledge before commit']!;
  const lives = await all(livesOf(SWEEPS['steps in a row']!, { plant }));
  expect(lives.filter(({ problem }) => problem !== null).length).toBeGreaterThan(0);
});
