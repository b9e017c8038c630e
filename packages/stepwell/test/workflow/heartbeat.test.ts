import { expect, test } from 'vitest';
import { workflow, type StepIO } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { everyLife } from './lives.ts';

test('what the last heartbeat told is given to the attempt after a crash or a failure', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.step('count', { retry: { attempts: 3, delay: '1s' } }, ({ attempt, heartbeat, lastHeartbeat }) => {
      const from = (lastHeartbeat as { done: number } | undefined)?.done ?? 0;
      heartbeat({ done: from + 1 });
      heartbeat({ done: from + 2 });
      if (attempt < 3) throw new Error('cut off');
      return from;
    }),
  );
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, undefined)).toBe(4);
});

test('of many heartbeats one a second is kept, and the last if the attempt fails', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.step('busy', { retry: 2 }, ({ attempt, heartbeat, lastHeartbeat }) => {
      if (attempt > 1) return lastHeartbeat;
      for (let n = 1; n <= 1_000; n++) heartbeat(n);
      throw new Error('once more');
    }),
  );
  const { output, events } = await everyLife(flow, undefined, { sameOutput: false });
  expect(output).toBe(1_000);
  const kept = events.flatMap((event) => (event.type === 'operation.heartbeat' ? [event.details] : []));
  expect(kept).toEqual([1, 1_000]);
});

test('a heartbeat of an attempt that was given up counts for nothing', async () => {
  let first: StepIO | undefined;
  const flow = workflow('flow', async (ctx) =>
    ctx.step('slow', { timeout: '1m', retry: { attempts: 3, delay: 1 } }, async (io) => {
      if (io.attempt === 3) return io.lastHeartbeat;
      if (io.attempt === 1) {
        first = io;
        return new Promise<never>(() => {});
      }
      io.heartbeat('second');
      first!.heartbeat('stale');
      throw new Error('once more');
    }),
  );
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.advance('2m');
  expect(await run.result()).toBe('second');
});

test('a heartbeat that JSON cannot hold fails the attempt', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.step('beat', ({ heartbeat }) => {
      heartbeat('fine');
      heartbeat({ not: 1n });
    }),
  );
  const { error } = await everyLife(flow, undefined);
  expect(error).toMatchObject({
    code: 'VALUE_NOT_JSON',
    message: expect.stringContaining('$.not is a bigint'),
  });
});
