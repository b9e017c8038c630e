import { expect, test } from 'vitest';
import { workflow, type RetryOptions } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife, RUN } from './lives.ts';

const failing = (retry: RetryOptions | number, times: number, error = () => new Error('not yet')) =>
  workflow('failing', async (ctx) =>
    ctx.step('try', { retry }, ({ attempt }) => {
      if (attempt <= times) throw error();
      return 'done';
    }),
  );

test('without retry there is one attempt', async () => {
  const flow = workflow('flow', async (ctx) => ctx.step('try', () => Promise.reject(new Error('once'))));
  const { status, error, bodies } = await everyLife(flow, undefined);
  expect([status, error?.message, bodies]).toEqual(['failed', 'once', { 'flow try': 1 }]);
});

test('delays grow by the factor up to maxDelay', async () => {
  const retry = { attempts: 6, delay: '1s', factor: 3, maxDelay: '10s' };
  const life = await everyLife(failing(retry, 5), undefined);
  expect(life.bodies).toEqual({ 'failing try': 6 });
  // 1 s, 3 s, 9 s, and twice no more than 10 s
  expect(life.took).toBe(33_000);
});

test('a number stands for the attempts; the delays are then 1 s, 2 s', async () => {
  const life = await everyLife(failing(3, 2), undefined);
  expect([life.bodies, life.took]).toEqual([{ 'failing try': 3 }, 3_000]);
});

test('without maxDelay delays grow up to an hour, but a longer one that is asked for is kept', async () => {
  const took = async (retry: RetryOptions) => {
    const flow = failing(retry, 9);
    await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
    const run = await engine.start(flow);
    await errorOf(engine.result(run));
    const { createdAt, endedAt } = await run.info();
    return (endedAt! - createdAt) / 60_000;
  };
  expect(await took({ attempts: 4, delay: '50m' })).toBe(50 + 60 + 60);
  expect(await took({ attempts: 4, delay: '1d' })).toBe(3 * 24 * 60);
});

test('an empty retry means three attempts', async () => {
  const life = await everyLife(failing({}, 9), undefined);
  expect([life.status, life.bodies]).toEqual(['failed', { 'failing try': 3 }]);
});

test('when the attempts are used up the last error stands, whole', async () => {
  const cause = new TypeError('the root');
  const error = () => Object.assign(new RangeError('still not', { cause }), { code: 'E_NOT', hint: [1, 2] });
  const life = await everyLife(failing({ attempts: 2, delay: 10 }, 9, error), undefined);
  expect(life.error).toMatchObject({
    name: 'RangeError',
    message: 'still not',
    code: 'E_NOT',
    data: { hint: [1, 2] },
    cause: { name: 'TypeError', message: 'the root' },
  });
});

test('the idempotency key stays the same over all attempts', async () => {
  const keys = new Set<string>();
  const flow = workflow('flow', async (ctx) =>
    ctx.step('pay', { retry: 3 }, ({ attempt, idempotencyKey }) => {
      keys.add(idempotencyKey);
      if (attempt < 3) throw new Error('again');
    }),
  );
  await everyLife(flow, undefined);
  expect([...keys]).toEqual([`${RUN}/pay`]);
});

class Declined extends Error {
  override name = 'Declined';
}
/** Has no name of its own: that of its class is meant. */
class Network extends Error {}

const shaped = (retry: RetryOptions) =>
  workflow('shaped', async (ctx, input: 'declined' | 'network' | 'other') => {
    const errors = { declined: new Declined('no'), network: new Network('cut'), other: new Error('other') };
    return ctx.step('try', { retry: { attempts: 2, delay: 1, ...retry } }, () =>
      Promise.reject(errors[input]),
    );
  });

test.each<[string, RetryOptions, Record<'declined' | 'network' | 'other', number>]>([
  ['nonRetryable by class', { nonRetryable: [Declined] }, { declined: 1, network: 2, other: 2 }],
  ['nonRetryable by name', { nonRetryable: ['Declined'] }, { declined: 1, network: 2, other: 2 }],
  [
    'nonRetryable by predicate',
    { nonRetryable: (e) => e.message === 'cut' },
    { declined: 2, network: 1, other: 2 },
  ],
  ['retryOn by class', { retryOn: [Network] }, { declined: 1, network: 2, other: 1 }],
  ['retryOn by name', { retryOn: ['Declined', 'Nobody'] }, { declined: 2, network: 1, other: 1 }],
  ['retryOn by the name of a class', { retryOn: ['Network'] }, { declined: 1, network: 2, other: 1 }],
  [
    'a predicate that throws itself says no',
    {
      retryOn: () => {
        throw new Error('odd');
      },
    },
    { declined: 1, network: 1, other: 1 },
  ],
  [
    'retryOn, less nonRetryable',
    { retryOn: [Error], nonRetryable: [Network] },
    { declined: 2, network: 1, other: 2 },
  ],
])('%s', async (_name, retry, expected) => {
  const flow = shaped(retry);
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const attempts: Record<string, number> = {};
  for (const input of ['declined', 'network', 'other'] as const) {
    const run = await engine.start(flow, input);
    await errorOf(engine.result(run));
    attempts[input] = 1;
    for await (const { event } of run.events()) if (event.type === 'operation.attempt') attempts[input]++;
  }
  expect(attempts).toEqual(expected);
});

test('a result that JSON cannot hold counts as a failed attempt', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.step('shape', { retry: { attempts: 2, delay: 1 } }, ({ attempt }) => (attempt === 1 ? 1n : 'fine')),
  );
  expect((await everyLife(flow, undefined)).output).toBe('fine');
});

test('full jitter waits between nothing and the delay', async () => {
  const retry = { attempts: 2, delay: '1m', factor: 1, jitter: 'full' } as const;
  const flow = workflow('flow', async (ctx) => {
    const took: number[] = [];
    for (let n = 0; n < 30; n++) {
      const before = ctx.now();
      await ctx.step('try', { retry }, ({ attempt }) => {
        if (attempt === 1) throw new Error('again');
      });
      took.push(ctx.now() - before);
    }
    return took;
  });
  await using engine = await testEngine({ workflows: [flow] });
  const took = await engine.run(flow, undefined);
  expect(took.every((ms) => Number.isInteger(ms) && ms >= 0 && ms < 60_000)).toBe(true);
  expect(Math.min(...took)).toBeLessThan(15_000);
  expect(Math.max(...took)).toBeGreaterThan(45_000);
});

test('a run that waits for its next attempt says so, with the time', async () => {
  const flow = failing({ attempts: 2, delay: '1h' }, 1);
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  expect((await run.info()).waitingFor).toEqual([
    {
      kind: 'retry',
      op: 'try',
      until: engine.clock.now() + 3_600_000,
      detail: expect.stringContaining('attempt 1 failed: '),
      error: expect.objectContaining({ message: expect.any(String) }),
    },
  ]);
});

test.each<RetryOptions | number>([
  0,
  1.5,
  -1,
  { attempts: Number.NaN },
  { factor: 0.5 },
  { factor: Number.POSITIVE_INFINITY },
  { jitter: 'some' as 'full' },
])('the retry %o is refused', async (retry) => {
  const flow = failing(retry, 0);
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code: 'OPTION_INVALID' });
});

test('delays are read strictly', async () => {
  for (const retry of [{ delay: '1 minute' }, { maxDelay: -1 }]) {
    const flow = failing(retry, 0);
    await using engine = await testEngine({ workflows: [flow] });
    const { code, message } = await errorOf(engine.run(flow, undefined));
    expect([code, message]).toEqual(['DURATION_INVALID', expect.stringContaining('step "try"')]);
  }
});

test('attempts without end go on for as long as it takes', async () => {
  const flow = failing({ attempts: Number.POSITIVE_INFINITY, delay: '1m', maxDelay: '1h' }, 30);
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  expect(await engine.run(flow, undefined)).toBe('done');
});
