import { expect, test } from 'vitest';
import { Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { alteredStore } from '../altered-store.ts';

test('a run whose commits are always refused is tried again less and less often, and others go on', async () => {
  const inner = openMemoryStore();
  let tries = 0;
  let cursed = 0;
  const store = alteredStore(inner, {
    commit: async (commits) => {
      const answers = await inner.commit(commits.filter(({ run }) => run !== cursed));
      return commits.map(({ run }) => {
        if (run !== cursed) return answers.shift()!;
        tries++;
        return 'refused';
      });
    },
  });
  const clock = new TestClock(0);
  const flow = workflow('flow', (ctx) => ctx.step('work', () => 'done'));
  await using well = await Stepwell.open({ store, workflows: [flow], system: clock.system });
  cursed = 1;
  await well.start(flow, undefined, { id: 'cursed' });
  await clock.settle();
  const atOnce = tries;
  expect(atOnce).toBeLessThan(4);
  await clock.advance('1m');
  expect(tries).toBeGreaterThan(atOnce + 5);
  expect(tries).toBeLessThan(40);
  expect(await (await well.start(flow, undefined)).result()).toBe('done');
  cursed = 0;
  await clock.advance('10s');
  expect(await well.result('cursed')).toBe('done');
});
