// The lives that older engines have recorded (test/journals), replayed without a store, must come to what the engine
// itself makes of them (journals.test.ts): each fits its code wherever its journal ends, and does not fit changed code.

import { expect, test } from 'vitest';
import { order } from '../../../../examples/order/workflow.ts';
import { recordedLives, type RecordedLife } from '../../../../test/journals/recorded.ts';
import { isForcedEnd } from '../../../../test/journals/replay.ts';
import { WORKFLOWS } from '../../../../test/journals/workflows.ts';
import type { AnyDefinition } from '../../src/index.ts';
import { exportOf, replayJournal } from '../../src/testing/index.ts';

const CURRENT: readonly AnyDefinition[] = [...WORKFLOWS, order];
const recorded = recordedLives();

function exported({ run, commits }: RecordedLife, count = commits.length): unknown {
  const journal = commits.slice(0, count).map(({ position, at, events }) => {
    return { position, at, count: events.length, events: JSON.stringify(events) };
  });
  const rest = { inbox: [], callbacks: [], slot: null, debounceKey: null, outcomes: [], artifacts: [] };
  return JSON.parse(JSON.stringify(exportOf({ run: { ...run, tags: [] }, journal, ...rest }, 'store', 0)));
}

test.each(recorded)('$name fits, wherever its journal ends', async ({ life }) => {
  for (const index of life.commits.keys())
    expect({ index, ...(await replayJournal(CURRENT, exported(life, index + 1))) }).toEqual({
      index,
      fits: true,
    });
});

const changes: ((workflow: AnyDefinition) => AnyDefinition)[] = [
  (workflow) => ({
    ...workflow,
    fn: async (ctx, input) => {
      await ctx.sleep('added', '1s');
      return workflow.fn(ctx, input);
    },
  }),
  (workflow) => ({ ...workflow, fn: async () => null }),
];

const endedByCode = recorded.filter(({ life }) => !isForcedEnd(life.commits.at(-1)!.events.at(-1)!));
test.each(endedByCode)('$name does not fit code that was changed', async ({ life }) => {
  for (const change of changes)
    expect(await replayJournal(CURRENT.map(change), exported(life))).toMatchObject({
      fits: false,
      reason: 'JOURNAL_MISMATCH',
    });
});
