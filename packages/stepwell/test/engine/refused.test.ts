import { expect, test } from 'vitest';
import { Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

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

// Found by test/model-check: a retry and a claim whose answer is still on its way come between the reads of a take-up.
test('a run that has ended is gone on with by nothing but the claim that reopens it', async () => {
  const inner = openMemoryStore();
  const flow = workflow('flow', (ctx) => ctx.step('work', () => 'done'));
  const clock = new TestClock(0);
  const answered = Promise.withResolvers<void>();
  let intruded = false;
  const store = alteredStore(inner, {
    commit: async (commits) => {
      const [first] = commits;
      if (intruded || first === undefined) return inner.commit(commits);
      intruded = true;
      const events = JSON.stringify([{ type: 'run.cancelled' }]);
      const error = { name: 'Error', message: 'ended by the owner before' };
      const end = { status: 'cancelled', output: undefined, error, continuedBy: null, endedAt: 0 } as const;
      await inner.commit([{ ...first, events, count: 1, starts: [], change: { end } }]);
      await inner.deliver([{ to: { key: first.run }, now: 0, fact: { type: 'reopen' } }]);
      return inner.commit(commits);
    },
    claim: async (request) => {
      const answer = await inner.claim(request);
      if (intruded) await answered.promise;
      return answer;
    },
    facts: async () => [],
  });
  await using well = await Stepwell.open({ store, workflows: [flow], system: clock.system });
  const types = async () =>
    (await inner.journal(1, 0, 100)).flatMap(({ events }) => events.map(({ type }) => type));
  await well.start(flow, undefined, { id: 'r' });
  await clock.settle();
  expect(await types()).toEqual(['run.cancelled']);
  answered.resolve();
  await clock.settle();
  expect((await types()).slice(0, 3)).toEqual(['run.cancelled', 'run.reopened', 'run.activated']);
  expect(await well.result('r')).toBe('done');
});
