import {
  workflow,
  type AnyDefinition,
  type Ctx,
  type Definition,
  type RetryOptions,
} from '../../packages/stepwell/src/index.ts';

const AGAIN: RetryOptions = { attempts: 5, delay: 2, maxDelay: 10 };
/** So many workflows of different names do the same: each is a lane of its own in the store. */
const KINDS_OF_STEPS = 40;

/** What the bodies need of the application. */
export interface World {
  /** Hands over the id of a callback. */
  readonly submit: (run: string, callback: string) => void;
  /** Whether an operator has mended what a run failed on. */
  readonly isMended: (run: string) => boolean;
}

const ofKilobytes = (kilobytes: number, n: number) => `${n} `.padEnd(kilobytes * 1_024, 'value ');

/** A step that fails at its first attempt every so often. */
const part = (ctx: Ctx, n: number) =>
  ctx.step('part', { retry: AGAIN }, ({ attempt, log }) => {
    log.info('at work', { n, attempt });
    if (attempt === 1 && n % 5 === 0) throw new Error('not at once');
    return n * 2;
  });

async function steps(ctx: Ctx, n: number): Promise<number> {
  let sum = 0;
  for (let done = 0; done < 6; done++) {
    sum += await part(ctx, n + done);
    ctx.progress({ percent: (100 * (done + 1)) / 6 });
  }
  ctx.setStatus('done');
  return sum;
}

export const stepsKinds: readonly Definition<number, number>[] = Array.from(
  { length: KINDS_OF_STEPS },
  (_, kind) => workflow(`steps-${kind}`, steps),
);

export const timers = workflow('timers', async (ctx, n: number) => {
  await ctx.sleep(n % 20);
  const late = await ctx.waitForEvent('never', { timeout: 5 }).catch((error: Error) => error.message);
  const found = await ctx.waitForCondition('found', ({ attempt }) => attempt > 2 && attempt, { every: 2 });
  return { late, found };
});

export const mail = workflow('mail', async (ctx) => {
  const letters: string[] = [];
  for (let n = 0; n < 3; n++) letters.push(await ctx.waitForEvent<string>('letter'));
  return letters;
});

export const chain = workflow('chain', async (ctx, left: number): Promise<string> => {
  await ctx.step('link', () => left);
  if (left > 0) ctx.continueAs(left - 1);
  return ctx.waitForEvent<string>('end');
});

/** Waits for as long as the soak lasts, and begins anew after every fourth event. */
export const standing = workflow('standing', async (ctx, rounds: number): Promise<never> => {
  for (let round = 0; round < 4; round++) {
    const told = await ctx.waitForEvent<string>('round');
    await ctx.step('note', () => told);
  }
  return ctx.continueAs(rounds + 4);
});

export const large = workflow('large', async (ctx, text: string) => {
  const texts = [await ctx.step('first', () => text)];
  for (let n = 0; n < 3; n++) texts.push(await ctx.step('more', () => ofKilobytes(40, n)));
  await ctx.sleep(1);
  return texts.join('');
});
export const largeInput = (n: number) => ofKilobytes(100, n);

export const spread = workflow('spread', async (ctx, n: number) => {
  const numbers = Array.from({ length: 12 }, (_, index) => index);
  const { values, errors } = await ctx.map(
    'numbers',
    numbers,
    async (inner, index) => {
      if ((n + index) % 6 === 0) throw new Error(`no ${index}`);
      return part(inner, index);
    },
    { concurrency: 3, tolerate: { count: 12 } },
  );
  const fastest = await ctx.parallel(
    'race',
    {
      quick: (inner) => inner.step('quick', () => 'quick'),
      slow: (inner) => inner.sleep('1h'),
    },
    { minSuccess: 1 },
  );
  return { values, failed: errors.length, fastest: fastest.quick.status };
});

const child = workflow('child', async (ctx, n: number) => {
  const doubled = await part(ctx, n);
  if (n % 3 === 0) throw new Error(`child ${n} fails`);
  return doubled;
});
export const family = workflow('family', async (ctx, n: number) => {
  const first = await ctx.run(child, 3 * n + 1);
  const failed = await ctx.run(child, 3 * n).catch((error: Error) => error.message);
  const { id } = await ctx.start(child, 3 * n + 2, { delay: 5 });
  return { first, failed, id };
});

/** Never ends by itself; takes its child along when it is cancelled. */
export const endless = workflow('endless', async (ctx, n: number) => {
  await ctx.step('begun', { undo: () => 'undone' }, () => n);
  await ctx.run(mail);
});

export const keyed = workflow(
  'keyed',
  { concurrency: { key: (n: number) => `key ${n % 4}`, limit: 2 } },
  part,
);

export const carefully = workflow('carefully', async (ctx, n: number) => {
  await ctx.sleep(1);
  return ctx.step('once', { atMostOnce: true, timeout: '1m' }, () => n);
});

export function workflowsIn(world: World) {
  const approval = workflow('approval', (ctx: Ctx, n: number) =>
    ctx
      .waitForCallback<number>('approve', (callback) => world.submit(ctx.runId, callback), {
        timeout: '1h',
        heartbeat: '10m',
      })
      .catch((error: Error) => `${n}: ${error.message}`),
  );
  const broken = workflow('broken', async (ctx, n: number) => {
    await ctx.step('reserve', { undo: () => 'given back' }, () => n);
    await ctx.step('mend', { undo: () => 'given back' }, () => {
      if (!world.isMended(ctx.runId)) throw new Error(`run ${n} is broken`);
    });
    return n;
  });
  const all: readonly AnyDefinition[] = [
    ...[...stepsKinds, timers, mail, chain, standing, large, spread, child, family],
    ...[endless, keyed, carefully, approval, broken],
  ];
  return { approval, broken, all };
}
