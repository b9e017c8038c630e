// The workflows whose lives are recorded in `recorded/`. THEY MUST NEVER CHANGE: the recorded journals replay for ever
// against this code, and a change here would make the engine look guilty. For something new add a workflow.
// Bodies of steps may depend on nothing but their attempt: what goes wrong in a life is arranged in `lives.ts`.

import { type Ctx, isStepwellError, workflow } from '../../packages/stepwell/src/index.ts';

export const steps = workflow('steps', async (ctx, input: { n: number }) => {
  ctx.setStatus('begun');
  const first = await ctx.step('first', () => input.n + 1);
  const shaky = await ctx.step('shaky', { retry: { attempts: 3, delay: '2s' } }, (io) => {
    if (io.attempt < 3) throw new Error(`attempt ${io.attempt} failed`);
    return first * 10;
  });
  ctx.progress({ stage: 'middle', percent: 50 });
  ctx.log.info('halfway', { shaky });
  const caught = await failure(
    ctx.step('hopeless', { retry: 2, timeout: '5s' }, () => {
      throw new RangeError('never');
    }),
  );
  const again: number[] = [];
  for (let n = 0; n < 3; n++) again.push(await ctx.step('again', () => n));
  await ctx.step('nothing', (io) => io.heartbeat({ seen: true }));
  return { first, shaky, caught, again, now: ctx.now(), random: ctx.random(), uuid: ctx.uuid() };
});

export const once = workflow('once', async (ctx) => {
  const unsure = await failure(ctx.step('unsure', { atMostOnce: true }, () => 'done'));
  const found = await ctx.step(
    'found out',
    { atMostOnce: true, reconcile: () => ({ done: true, value: 'it was done' }) },
    () => 'done',
  );
  const notDone = await ctx.step(
    'not done',
    { atMostOnce: true, reconcile: () => ({ done: false }) },
    () => 'done now',
  );
  return { unsure, found, notDone };
});

export const undone = workflow('undone', async (ctx) => {
  await ctx.step('book', { undo: () => 'unbooked' }, () => 'booked');
  await ctx.group('money', (ctx) =>
    ctx.step('pay', { retry: 2, undo: () => 'refunded' }, () => ({ amount: 12 })),
  );
  await ctx.step('plain', () => null);
  throw new TypeError('sold out');
});

export const sleeps = workflow('sleeps', async (ctx) => {
  const begun = ctx.now();
  await ctx.sleep('30d');
  await ctx.sleep('a name', 1_500);
  await ctx.sleepUntil(begun);
  await ctx.sleepUntil('later', ctx.now() + 60_000);
  return ctx.now() - begun;
});

export const events = workflow('events', async (ctx) => {
  const early = await ctx.waitForEvent<string>('early');
  const both = await Promise.all([ctx.waitForEvent('twice'), ctx.waitForEvent('twice')]);
  const never = await failure(ctx.waitForEvent('never', { timeout: '1h' }));
  const between = await ctx.step('between', () => 1);
  return { early, both, never, between, last: await ctx.waitForEvent('last', { timeout: '1h' }) };
});

export const callbacks = workflow('callbacks', async (ctx) => {
  const opened = ctx.createCallback<string>('opened');
  await ctx.step('hand over', () => opened.id);
  const approved = await ctx.waitForCallback('approval', (id) => id, { timeout: '24h' });
  const refused = await failure(ctx.waitForCallback('objection', () => {}));
  const late = await failure(ctx.waitForCallback('late', () => {}, { timeout: '1h' }));
  const silent = await failure(ctx.createCallback('silent', { heartbeat: '1m' }).result);
  return { opened: await opened.result, approved, refused, late, silent };
});

export const condition = workflow('condition', async (ctx) => {
  const ready = await ctx.waitForCondition('ready', (io) => (io.attempt < 4 ? false : `at ${io.attempt}`), {
    every: '10s',
    factor: 2,
  });
  const never = await failure(
    ctx.waitForCondition('never', () => null as string | null, { every: '1m', timeout: '150s' }),
  );
  return { ready, never };
});

const child = workflow('child', async (ctx, input: { fails: boolean; rounds: number }) => {
  await ctx.step('work', () => input.rounds);
  if (input.fails) throw new Error('the child failed');
  if (input.rounds > 0) ctx.continueAs({ ...input, rounds: input.rounds - 1 });
  await ctx.sleep('10s');
  return 'grown up';
});

export const parent = workflow('parent', async (ctx) => {
  const result = await ctx.run(child, { fails: false, rounds: 0 });
  const failed = await failure(ctx.run(child, { fails: true, rounds: 0 }));
  const continued = await ctx.run(child, { fails: false, rounds: 1 });
  const { id } = await ctx.start(child, { fails: false, rounds: 0 }, { id: 'detached', delay: '1h' });
  return { result, failed, continued, id };
});

export const groups = workflow('groups', async (ctx) => {
  const deep = await ctx.group('outer', (ctx) =>
    ctx.group('inner', async (ctx) => [await ctx.step('a', () => 'a'), await ctx.step('a', () => 'a again')]),
  );
  const named = await ctx.parallel('named', {
    left: (ctx) => ctx.step('step', () => 'left'),
    right: async (ctx) => {
      await ctx.sleep('5s');
      return ctx.step('step', () => 'right');
    },
  });
  const failed = await failure(
    ctx.parallel('failing', [(ctx) => ctx.sleep('1d'), (ctx) => ctx.step('bad', () => broken(true))]),
  );
  const tolerated = await ctx.map(
    'tolerated',
    [0, 1, 2, 3, 4],
    (ctx, n) => ctx.step('item', () => broken(n === 1 || n === 3, n)),
    { concurrency: 2, tolerate: { count: 2 } },
  );
  const notTolerated = await failure(
    ctx.map('not tolerated', [0, 1, 2], (ctx, n) => ctx.step('item', () => broken(n === 1, n))),
  );
  const enough = await ctx.map(
    'enough',
    [0, 1, 2],
    async (ctx, n) => {
      await ctx.sleep(n * 1_000);
      return n;
    },
    { minSuccess: 2 },
  );
  const batches = await ctx.map(
    'batches',
    [1, 2, 3, 4, 5],
    async (ctx, batch, first) => {
      const sum = await ctx.step('sum', () => batch.reduce((a, b) => a + b, first));
      return batch.map(() => sum);
    },
    { batch: 2 },
  );
  const slow = await ctx.map('slow', [1, 60], async (ctx, minutes) => ctx.sleep(minutes * 60_000), {
    itemTimeout: '10m',
    tolerate: { percent: 50 },
  });
  return {
    deep,
    named,
    failed,
    tolerated: tolerated.outcomes.map(({ status }) => status),
    notTolerated,
    enough: enough.outcomes.map(({ status }) => status),
    batches: batches.values,
    slow: slow.outcomes.map(({ status }) => status),
  };
});

export const race = workflow('race', async (ctx) => {
  const first = await Promise.race([
    ctx.sleep('tortoise', '1h').then(() => 'tortoise'),
    ctx.sleep('hare', '1m').then(() => ctx.step('finish', () => 'hare')),
  ]);
  const all = await Promise.all(['gold', 'silver'].map((name) => ctx.step(name, () => name)));
  const settled = await Promise.allSettled([ctx.step('fine', () => 1), ctx.step('bad', () => broken(true))]);
  await ctx.sleep('2h');
  return { first, all, settled: settled.map(({ status }) => status) };
});

/** The code as it was before it was patched, and as it is now. */
export const unpatched = workflow('patched', async (ctx) => {
  await ctx.waitForEvent('go');
  return ctx.step('old way', () => 'old');
});
export const patched = workflow('patched', async (ctx) => {
  const early = ctx.patched('checked first') ? await ctx.step('check', () => true) : false;
  await ctx.waitForEvent('go');
  return { early, way: await ctx.step('old way', () => 'old'), late: ctx.patched('at the end') };
});

export const continued = workflow('continued', async (ctx, input: { left: number }) => {
  await ctx.step('round', () => input.left);
  await ctx.sleep('1m');
  if (input.left > 0) ctx.continueAs({ left: input.left - 1 });
  return { tick: await ctx.waitForEvent('tick') };
});

export const paused = workflow('paused', async (ctx) => {
  const branches = await ctx.parallel('both', [
    async (ctx) => [await ctx.step('slow', () => 'slow'), await ctx.step('held', () => 'held')],
    (ctx) => ctx.waitForEvent('go'),
  ]);
  await ctx.sleep('1m');
  return branches;
});

export const cancelled = workflow('cancelled', async (ctx) => {
  await ctx.step('book', { undo: () => 'unbooked' }, () => 'booked');
  try {
    await ctx.parallel('waiting', [(ctx) => ctx.waitForEvent('never'), (ctx) => ctx.sleep('365d')]);
  } finally {
    ctx.log.warn('no more');
  }
});

export const timedOut = workflow('timed out', { timeout: '1d' }, async (ctx) => {
  await ctx.step('book', { undo: () => 'unbooked' }, () => 'booked');
  await ctx.waitForEvent('never');
});

export const retried = workflow('retried', { retry: { attempts: 3, delay: '1m' } }, async (ctx) => {
  const first = await ctx.step('first', () => ctx.runId.length);
  const told = await ctx.waitForEvent('told');
  const random = ctx.random();
  await ctx.step('flaky', () => 'fine');
  return { first, told, random };
});

export const operated = workflow('operated', async (ctx) => {
  const first = await ctx.step('first', { undo: () => 'undone' }, () => 1);
  const told = await ctx.waitForEvent('told');
  const caught = await failure(ctx.step('caught', () => broken(true)));
  const fixed = await ctx.group('inside', (ctx) => ctx.step('flaky', () => 'fixed'));
  return { first, told, caught, fixed, uuid: ctx.uuid() };
});

export const forked = workflow('forked', async (ctx) => {
  const first = await ctx.step('first', () => 1);
  const told = await ctx.waitForEvent('told');
  const second = await ctx.step('second', () => 2);
  const third = await ctx.group('inside', (ctx) => ctx.step('third', () => first + second));
  return { first, told, second, third };
});

export const tagged = workflow('tagged', async (ctx, customer: string) => {
  ctx.tag('new', customer);
  const size = await ctx.step('measure', () => 'large');
  ctx.tag(size, 'new');
  await ctx.sleep('1m');
  await ctx.group('late', async (ctx) => ctx.tag('slow'));
  return size;
});

/** Code that stood still where it may not, and the code that mended it. */
export const unmended = workflow('mended', async (ctx) => {
  await ctx.step('first', () => 1);
  await new Promise(() => {});
});
const mended = workflow('mended', async (ctx) => {
  const first = await ctx.step('first', () => 1);
  await ctx.sleep('1m');
  return ctx.step('second', () => first + 1);
});

/** Those that replay now. */
export const WORKFLOWS = [
  steps,
  once,
  undone,
  sleeps,
  events,
  callbacks,
  condition,
  child,
  parent,
  groups,
  race,
  patched,
  continued,
  paused,
  cancelled,
  timedOut,
  retried,
  operated,
  forked,
  tagged,
  mended,
];

/** Of the engine's own errors the code: their wording may change. */
async function failure(operation: ReturnType<Ctx['step']>): Promise<string> {
  return operation.then(
    () => 'no failure',
    (error: Error) => (isStepwellError(error) ? error.code : `${error.name}: ${error.message}`),
  );
}

function broken<T>(isBroken: boolean, value?: T): T | undefined {
  if (isBroken) throw new Error('broken');
  return value;
}
