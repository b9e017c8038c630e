import { expect, test } from 'vitest';
import { Stepwell, workflow, type Reconciliation, type StepIO } from '../../src/index.ts';
import { crashTest, testEngine, type TestEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

/** An engine that dies while a body runs, and the one that comes after it. */
async function crashedInBody(
  flow: Parameters<TestEngine['start']>[0],
  meanwhile: (client: Stepwell, id: string) => Promise<void> = async () => {},
): Promise<{ next: TestEngine; id: string }> {
  const engine = await testEngine({ workflows: [flow] });
  const { id } = await engine.start(flow, undefined);
  await engine.clock.settle();
  expect(engine.well.load().active).toBe(1);
  engine.well.kill();
  for (const worker of await engine.store.workers()) await engine.store.retire(worker.id, engine.clock.now());
  await using client = await Stepwell.open({
    store: engine.store,
    system: engine.clock.system,
    worker: false,
  });
  await meanwhile(client, id);
  const next = await testEngine({ workflows: [flow], store: engine.store, clock: engine.clock });
  return { next, id };
}

function charging(
  began: StepIO[],
  reconcile?: (io: StepIO) => Reconciliation<string> | Promise<Reconciliation<string>>,
) {
  return workflow('charging', async (ctx) =>
    ctx.step(
      'charge',
      { atMostOnce: true, ...(reconcile === undefined ? {} : { reconcile }) },
      async (io) => {
        began.push(io);
        if (began.length === 1) await new Promise<never>(() => {});
        return `charged by attempt ${io.attempt}`;
      },
    ),
  );
}

test('an attempt that a crash cut off is not begun again: the step fails with STEP_UNCERTAIN', async () => {
  const began: StepIO[] = [];
  const { next, id } = await crashedInBody(charging(began));
  await using engine = next;
  await engine.clock.settle();
  const error = await errorOf(engine.well.result(id));
  expect(error).toMatchObject({ code: 'STEP_UNCERTAIN', message: expect.stringContaining('"charge"') });
  expect(began).toHaveLength(1);
});

test('reconcile that finds it done gives its value', async () => {
  const began: StepIO[] = [];
  const asked: StepIO[] = [];
  const { next, id } = await crashedInBody(
    charging(began, async (io) => {
      asked.push(io);
      return { done: true, value: 'found' };
    }),
  );
  await using engine = next;
  await engine.clock.settle();
  expect(await engine.well.result(id)).toBe('found');
  expect(began).toHaveLength(1);
  expect(asked.map(({ idempotencyKey }) => idempotencyKey)).toEqual([began[0]!.idempotencyKey]);
});

test('reconcile that finds it not done lets it be done again', async () => {
  const began: StepIO[] = [];
  const { next, id } = await crashedInBody(charging(began, () => ({ done: false })));
  await using engine = next;
  await engine.clock.settle();
  expect(await engine.well.result(id)).toBe('charged by attempt 2');
  expect(began[0]!.idempotencyKey).toBe(began[1]!.idempotencyKey);
});

test('reconcile that finds it not done while the run is paused lets it be done again after the pause', async () => {
  const began: StepIO[] = [];
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const { next, id } = await crashedInBody(
    charging(began, async () => {
      if (++asked === 1) await gate.promise;
      return { done: false };
    }),
  );
  await using engine = next;
  await engine.clock.settle();
  expect(asked).toBe(1);
  await engine.well.pause(id);
  await engine.clock.settle();
  gate.resolve();
  await engine.clock.settle();
  expect((await engine.well.get(id)).status).toBe('paused');
  expect(engine.well.load().active).toBe(0);
  expect(began).toHaveLength(1);
  await engine.well.resume(id);
  expect(await engine.well.result(id)).toBe('charged by attempt 2');
});

test('a run that was paused after a crash begins nothing again, and asks nobody', async () => {
  const began: StepIO[] = [];
  const asked: StepIO[] = [];
  const flow = charging(began, (io) => {
    asked.push(io);
    return { done: false };
  });
  const { next, id } = await crashedInBody(flow, (client, run) => client.pause(run));
  await using engine = next;
  await engine.clock.settle();
  expect((await engine.well.get(id)).status).toBe('paused');
  expect([began.length, asked.length]).toEqual([1, 0]);
  await engine.well.resume(id);
  expect(await engine.well.result(id)).toBe('charged by attempt 2');
});

test('reconcile that throws leaves it uncertain, with its error as the cause', async () => {
  const began: StepIO[] = [];
  const { next, id } = await crashedInBody(
    charging(began, () => {
      throw new TypeError('the bank does not answer');
    }),
  );
  await using engine = next;
  await engine.clock.settle();
  const error = await errorOf(engine.well.result(id));
  expect(error).toMatchObject({ code: 'STEP_UNCERTAIN', cause: { message: 'the bank does not answer' } });
  expect(error['cause']).toBeInstanceOf(TypeError);
  expect(began).toHaveLength(1);
});

test('an ordinary failure is tried again all the same: it is certain', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.step('charge', { atMostOnce: true, retry: { attempts: 3, delay: '1s' } }, ({ attempt }) => {
      if (attempt < 3) throw new Error('refused');
      return attempt;
    }),
  );
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  expect(await engine.run(flow, undefined)).toBe(3);
});

test('wherever a crash falls, the effect takes place at most once, and the workflow can tell', async () => {
  let effects = 0;
  const flow = workflow('flow', async (ctx) => {
    await ctx.step('before', () => 1);
    const result = await ctx
      .step('charge', { atMostOnce: true }, () => void effects++)
      .then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    await ctx.step('after', () => 1);
    return result;
  });
  const { problems, points } = await crashTest(flow, undefined, {
    before: () => void (effects = 0),
    isSame: ({ status, output }) =>
      status === 'succeeded' &&
      (output === 'done' ? effects === 1 : output === 'STEP_UNCERTAIN' && effects <= 1),
  });
  expect(problems).toEqual([]);
  expect(points).toBeGreaterThan(8);
});

test('with reconcile the effect takes place exactly once wherever a crash falls', async () => {
  const ledger = new Set<string>();
  let effects = 0;
  const flow = workflow('flow', async (ctx) =>
    ctx.step(
      'charge',
      {
        atMostOnce: true,
        reconcile: ({ idempotencyKey }) =>
          ledger.has(idempotencyKey) ? { done: true, value: 'paid' } : { done: false },
      },
      ({ idempotencyKey }) => {
        effects++;
        ledger.add(idempotencyKey);
        return 'paid';
      },
    ),
  );
  const before = () => {
    ledger.clear();
    effects = 0;
  };
  const { problems } = await crashTest(flow, undefined, {
    before,
    after: () => expect(effects).toBe(1),
  });
  expect(problems).toEqual([]);
  before();
  expect((await everyLife(flow, undefined, { before })).output).toBe('paid');
});
