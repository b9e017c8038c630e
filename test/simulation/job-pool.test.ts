import { expect, test } from 'vitest';
import { performAll } from './job-pool.ts';
import { perform, type Done, type Job } from './job.ts';
import { linesOf, missingFrom, NOTHING, sumOf } from './tally.ts';

const jobs: readonly Job[] = [
  { do: 'seeds', first: 1, last: 2 },
  { do: 'seeds', first: 3, last: 3 },
  { do: 'seeds', first: 10, last: 10 },
];

/** Threads load the whole engine anew; on a loaded machine that takes its time (ms). */
const LONGEST = 60_000;

async function all(circumstances: { store: string; planted: string | null }) {
  const done: Done[] = [];
  await performAll(jobs, circumstances, (one) => done.push(one));
  return {
    passed: done.reduce((sum, one) => sum + one.passed, 0),
    failures: done.flatMap(({ failures }) => failures),
    tally: done.map(({ tally }) => tally).reduce(sumOf, NOTHING),
  };
}

test(
  'jobs that are done side by side come to what they come to one after the other',
  async () => {
    const circumstances = { store: 'memory', planted: null };
    const { passed, failures, tally } = await all(circumstances);
    let expected = NOTHING;
    for (const job of jobs) expected = sumOf(expected, (await perform(job, circumstances)).tally);
    expect(failures).toEqual([]);
    expect(passed).toBe(4);
    // Seed 10 is lived twice.
    expect(tally.worlds).toBe(5);
    expect(tally).toEqual(expected);
    expect(linesOf(tally)).toContain(`${String(tally.deeds.get('action: step')).padStart(8)} × action: step`);
    expect(missingFrom(tally.deeds)).not.toContain('action: step');
    expect(missingFrom(NOTHING.faults)).toContain('clock jump');
  },
  LONGEST,
);

test(
  'of what fails, a thread says how to see it again',
  async () => {
    const { passed, failures } = await all({ store: 'memory', planted: 'acknowledge before commit' });
    expect(passed).toBe(0);
    expect(failures).toHaveLength(4);
    expect(failures.find(({ seed }) => seed === 3)).toMatchObject({
      what: 'seed 3',
      why: expect.stringContaining('which is not on record'),
      replay: ['--seed', '3', '--planted', 'acknowledge before commit'],
      kind: 'the body of "…" was begun by worker-….… as attempt …, which is not on record',
    });
  },
  LONGEST,
);
