import { expect, test } from 'vitest';
import { workflow, type Codec, type Stepwell } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';
import type { MemoryStore } from '../../src/store/memory/store.ts';
import { errorOf } from './lives.ts';

/** No secret shows in what it makes. */
const hiding: Codec = {
  encode: (text) => Buffer.from(text).toString('hex'),
  decode: (stored) => Buffer.from(stored, 'hex').toString(),
};

const child = workflow('child', async (ctx, input: { secret: string }) =>
  ctx.step('work', () => input.secret),
);
const flow = workflow('flow', async (ctx, input: { secret: string }) => {
  const step = await ctx.step('step', () => [input.secret]);
  const event = await ctx.waitForEvent<string>('event');
  const callback = await ctx.waitForCallback<string>('callback', () => {});
  const fromChild = await ctx.run(child, input);
  ctx.log.info('a line', { data: input.secret });
  const error = await ctx
    .step('fail', ({ heartbeat }) => {
      heartbeat({ at: input.secret });
      throw Object.assign(new Error('readable'), { data: input.secret });
    })
    .catch((caught: { data: string }) => caught.data);
  await ctx.sleep('1h');
  return { step, event, callback, fromChild, error };
});

const SECRET = 'swordfish';

async function lived(engine: TestEngine): Promise<{ output: unknown; id: string }> {
  const run = await engine.start(flow, { secret: SECRET });
  await run.raiseEvent('event', SECRET);
  await engine.clock.settle();
  const { waitingFor } = await run.info();
  await engine.well.callbacks.succeed(waitingFor[0]!.callback!, SECRET);
  return { output: await engine.result(run), id: run.id };
}

test('with a codec no payload is stored as it is, and everybody gets it as it was', async () => {
  const engine = await testEngine({ workflows: [flow, child], codec: hiding, worker: { parked: 0 } });
  const { output, id } = await lived(engine);
  expect(output).toEqual({
    step: [SECRET],
    event: SECRET,
    callback: SECRET,
    fromChild: SECRET,
    error: SECRET,
  });
  const stored = JSON.stringify((engine.store as MemoryStore).snapshot());
  expect(stored).not.toContain(SECRET);
  expect(stored).toContain(hiding.encode(SECRET));
  expect(stored).toContain('readable');
  const shown: unknown[] = [await engine.well.get(id)];
  for await (const event of engine.well.events(id)) shown.push(event);
  expect(JSON.stringify(shown)).not.toContain(hiding.encode(SECRET));
  await engine.close();
});

test('runs that began without a codec go on with one', async () => {
  const before = await testEngine({ workflows: [flow, child] });
  const run = await before.start(flow, { secret: SECRET });
  await before.clock.settle();
  await before.well.close({ grace: 0 });
  await using engine = await testEngine({
    workflows: [flow, child],
    store: before.store,
    clock: before.clock,
    codec: hiding,
  });
  await engine.well.raiseEvent(run.id, 'event', 'late');
  await engine.clock.settle();
  const { waitingFor, input } = await engine.well.get(run.id);
  expect([input, waitingFor[0]!.op]).toEqual([{ secret: SECRET }, 'callback']);
});

test('a codec that fails makes its run stuck, holds no other up, and the run goes on when it works again', async () => {
  let hasKey = true;
  const losing: Codec = {
    encode: (text) => text,
    decode: (stored) => {
      if (!hasKey && stored.includes(SECRET)) throw new Error('the key is lost');
      return stored;
    },
  };
  const guarded = workflow('guarded', async (ctx, secret: string) => {
    await ctx.waitForEvent('go');
    return ctx.step('work', () => secret);
  });
  const before = await testEngine({ workflows: [guarded], codec: losing });
  const run = await before.start(guarded, SECRET);
  const other = await before.start(guarded, 'known to all');
  await before.clock.settle();
  hasKey = false;
  for (const { id } of [run, other]) await before.well.raiseEvent(id, 'go');
  await before.clock.settle();
  expect(await other.result()).toBe('known to all');
  hasKey = true;
  expect(await run.info()).toMatchObject({
    status: 'stuck',
    waitingFor: [{ kind: 'stuck', detail: expect.stringContaining('the key is lost') }],
  });
  await before.well.close({ grace: 0 });
  const { store, clock } = before;
  await using engine = await testEngine({ workflows: [guarded], codec: losing, store, clock });
  await engine.clock.settle();
  expect(await engine.well.result(run.id)).toBe(SECRET);
});

test('the start of a run that exists is the same run with a codec too', async () => {
  await using engine = await testEngine({ workflows: [child], codec: hiding });
  const start = (well: Stepwell, secret: string) => well.start(child, { secret }, { id: 'one' });
  expect((await start(engine.well, SECRET)).created).toBe(true);
  expect((await start(engine.well, SECRET)).created).toBe(false);
  expect(await errorOf(start(engine.well, 'other'))).toMatchObject({ code: 'RUN_ID_TAKEN' });
});
