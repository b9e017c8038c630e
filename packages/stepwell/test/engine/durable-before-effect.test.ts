import { expect, test } from 'vitest';
import { Stepwell, workflow } from '../../src/index.ts';
import type { CommitAnswer, CommitRequest } from '../../src/store/commit.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

type Write = { requests: readonly CommitRequest[]; answer(how?: 'refused'): Promise<void>; fail(): void };

/** A store whose commits are answered by hand. */
function handStore() {
  const memory = openMemoryStore();
  const writes: Write[] = [];
  const store = alteredStore(memory, {
    commit: (requests) => {
      const { promise, resolve, reject } = Promise.withResolvers<CommitAnswer[]>();
      writes.push({
        requests,
        answer: async (how) =>
          resolve(how === undefined ? await memory.commit(requests) : requests.map(() => how)),
        fail: () => reject(new Error('the disk is gone')),
      });
      return promise;
    },
  });
  return { store, writes };
}

function eventsOf({ requests }: Write): string[] {
  return requests.flatMap(({ events }) => (JSON.parse(events) as { type: string }[]).map(({ type }) => type));
}

function chain() {
  const begun: string[] = [];
  const definition = workflow('chain', async (ctx) => {
    await ctx.step('first', () => void begun.push('first'));
    await ctx.step('second', () => void begun.push('second'));
    return 'done';
  });
  return { begun, definition };
}

test('a body begins only when its start is durable; result, next start and end of a turn are one commit', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const { begun, definition } = chain();
  const well = await Stepwell.open({ store, workflows: [definition], system: clock.system });
  const run = await well.start(definition);
  let result: unknown = 'none yet';
  void run.result().then((value) => (result = value));

  await clock.settle();
  expect(writes.map(eventsOf)).toEqual([['run.activated', 'run.started', 'operation.started']]);
  expect(begun).toEqual([]);
  await writes[0]!.answer();
  await clock.settle();
  expect(begun).toEqual(['first']);
  expect(eventsOf(writes[1]!)).toEqual(['operation.succeeded', 'operation.started']);
  await writes[1]!.answer();
  await clock.settle();
  expect(begun).toEqual(['first', 'second']);
  expect(eventsOf(writes[2]!)).toEqual(['operation.succeeded', 'run.succeeded']);
  // Nobody hears of the end before it is durable.
  expect([result, (await run.info()).status]).toEqual(['none yet', 'running']);
  await writes[2]!.answer();
  await clock.settle();
  expect([result, writes.length]).toEqual(['done', 3]);
  await well.close();
});

test('a commit that is refused begins nothing', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const { begun, definition } = chain();
  const well = await Stepwell.open({ store, workflows: [definition], system: clock.system });
  await well.start(definition);
  await clock.settle();
  await writes[0]!.answer('refused');
  expect(begun).toEqual([]);
  await well.close({ grace: 0 });
});

test('of a commit that failed nothing is begun either; the run begins again from what is durable', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const { begun, definition } = chain();
  const told: unknown[] = [];
  const onError = (error: unknown) => told.push(error);
  const well = await Stepwell.open({ store, workflows: [definition], system: clock.system, onError });
  const run = await well.start(definition);
  await clock.settle();
  writes[0]!.fail();
  await clock.settle();
  expect([begun, told.length]).toEqual([[], 1]);
  await clock.advance('1s');
  expect(eventsOf(writes[1]!)).toEqual(['run.activated', 'run.started', 'operation.started']);
  for (let n = 1; n < 4; n++) {
    await writes[n]!.answer();
    await clock.settle();
  }
  expect([await run.result(), begun]).toEqual(['done', ['first', 'second']]);
  await well.close();
});

test('what comes while a write is under way goes with the next one: the commits of many runs are one write', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const { begun, definition } = chain();
  const well = await Stepwell.open({ store, workflows: [definition], system: clock.system });
  await well.start(definition);
  await clock.settle();
  for (let n = 0; n < 30; n++) await well.start(definition);
  await clock.settle();
  expect(writes).toHaveLength(1);
  await writes[0]!.answer();
  await clock.settle();
  expect(writes).toHaveLength(2);
  expect(new Set(writes[1]!.requests.map(({ run }) => run)).size).toBe(31);
  for (let n = 1; n < writes.length; n++) {
    // No run has two commits under way.
    expect(writes[n]!.requests.length).toBe(new Set(writes[n]!.requests.map(({ run }) => run)).size);
    await writes[n]!.answer();
    await clock.settle();
  }
  expect(await well.counts()).toEqual({ succeeded: 31 });
  expect(begun).toHaveLength(62);
  expect(writes.length).toBeLessThan(8);
  await well.close();
});

test('of a run that is ended by force while a start is written nothing begins, and its end is the last word', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const begun: string[] = [];
  const loud = workflow('loud', async (ctx) =>
    ctx.step('beats', ({ heartbeat }) => {
      begun.push('beats');
      heartbeat(1);
    }),
  );
  const well = await Stepwell.open({ store, workflows: [loud], system: clock.system });
  const run = await well.start(loud);
  await clock.settle();
  await run.cancel({ force: true });
  await clock.settle();
  await writes[0]!.answer();
  await clock.settle();
  expect(begun).toEqual([]);
  expect(eventsOf(writes[1]!)).toEqual(['run.cancelled']);
  await writes[1]!.answer();
  await well.close();
});

test('a body that goes on when its run is being ended says nothing more', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const gate = Promise.withResolvers<void>();
  const loud = workflow('loud', async (ctx) =>
    ctx.step('talks', async ({ log }) => {
      log.info('before');
      await gate.promise;
      log.info('after');
    }),
  );
  const well = await Stepwell.open({ store, workflows: [loud], system: clock.system });
  const run = await well.start(loud);
  await clock.settle();
  await writes[0]!.answer();
  await clock.settle();
  expect(eventsOf(writes[1]!)).toEqual(['log']);
  await run.cancel({ force: true });
  await clock.settle();
  gate.resolve();
  await clock.settle();
  await writes[1]!.answer();
  await clock.settle();
  expect(eventsOf(writes[2]!)).toEqual(['run.cancelled']);
  await writes[2]!.answer();
  await well.close();
});

test('a sleep that ends while a commit waits its turn does not end before its time', async () => {
  const { store, writes } = handStore();
  const clock = new TestClock(0);
  const talk = Promise.withResolvers<(line: string) => void>();
  const quiet = Promise.withResolvers<void>();
  const sleeper = workflow('sleeper', async (ctx) => {
    const body = ctx.step('talks', async ({ log }) => {
      talk.resolve(log.info);
      await quiet.promise;
    });
    await ctx.sleep('1s');
    const woken = ctx.now();
    await body;
    return woken;
  });
  const well = await Stepwell.open({ store, workflows: [sleeper], system: clock.system });
  const run = await well.start(sleeper);
  await clock.settle();
  await writes[0]!.answer();
  const say = await talk.promise;
  await clock.advance(500);
  say('is written');
  await clock.advance(100);
  say('waits until that is durable');
  await clock.advance(900);
  say('goes with it, though the sleep is over by now');
  for (let n = 1; n < writes.length; n++) {
    await writes[n]!.answer();
    quiet.resolve();
    await clock.settle();
  }
  expect(await run.result()).toBe(1_500);
  await well.close();
});
