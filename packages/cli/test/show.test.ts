import type { RunInfo } from 'stepwell';
import { expect, test } from 'vitest';
import { describeRun } from '../src/commands/show.ts';

const NOW = new Date(2026, 10, 22, 12, 0, 0).getTime();
const WHY = 'The code does not fit the journal. The code: asks for step "cost".';

test('a run that is stuck says once why, and when it is tried again', () => {
  const error = { name: 'StepwellError', code: 'JOURNAL_MISMATCH', message: WHY };
  const run = {
    id: 'r',
    namespace: 'default',
    workflow: 'order',
    version: '1',
    status: 'stuck',
    queue: 'default',
    priority: 0,
    tags: [],
    createdAt: NOW - 2_000,
    error,
    waitingFor: [{ kind: 'stuck', detail: WHY, until: NOW + 60_000, error }],
  } as unknown as RunInfo;
  expect(describeRun(run, [], NOW, Infinity).slice(2)).toEqual([
    'waits for code that fits what it has recorded, tried again at 12:01:00 (in 1m 00s)',
    `error   JOURNAL_MISMATCH: ${WHY}`,
  ]);
});
