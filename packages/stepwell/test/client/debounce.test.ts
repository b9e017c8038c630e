import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const index = workflow('index', async (ctx, page: string) => `${page} at ${ctx.now()}`);
const debounce = { key: 'site', delay: '10s', maxWait: '25s' } as const;

test('a burst of starts is one run, with the input of the last', async () => {
  await using engine = await testEngine({ workflows: [index], start: 0 });
  const first = await engine.start(index, 'a', { debounce });
  await engine.advance('5s');
  const second = await engine.start(index, 'b', { debounce, id: 'my own id' });
  expect([second.created, second.id]).toEqual([false, first.id]);
  expect(await engine.result(second)).toBe('b at 15000');
  expect(await engine.well.counts()).toEqual({ succeeded: 1 });
});

test('it is put off no further than maxWait after the first start', async () => {
  await using engine = await testEngine({ workflows: [index], start: 0 });
  const first = await engine.start(index, '0', { debounce });
  for (const page of ['8', '16', '24']) {
    await engine.advance('8s');
    await engine.start(index, page, { debounce });
  }
  expect(await engine.result(first)).toBe('24 at 25000');
});

test('once it has begun the next start is a new run', async () => {
  await using engine = await testEngine({ workflows: [index], start: 0 });
  const first = await engine.start(index, 'a', { debounce });
  await engine.advance('10s');
  const second = await engine.start(index, 'b', { debounce });
  expect([second.created, await engine.result(second)]).toEqual([true, 'b at 20000']);
  expect(await first.result()).toBe('a at 10000');
});

test('its start deadline moves with it', async () => {
  await using engine = await testEngine({ workflows: [index], start: 0 });
  await engine.well.pauseQueue('default');
  const run = await engine.start(index, 'a', { debounce, startDeadline: '1m' });
  await engine.advance('9s');
  await engine.start(index, 'b', { debounce, startDeadline: '1m' });
  await engine.advance(19_000 + 60_000 - 9_000 - 1);
  expect((await run.info()).status).toBe('queued');
  await engine.advance(1);
  expect((await run.info()).status).toBe('timed_out');
});

test('what contradicts itself is refused', async () => {
  await using engine = await testEngine({ workflows: [index] });
  const start = (options: object) => engine.start(index, 'a', options);
  await expect(start({ debounce, delay: '1s' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(start({ debounce: { key: '', delay: 1 } })).rejects.toMatchObject({ code: 'ID_INVALID' });
  await expect(start({ debounce: { key: 'k' } })).rejects.toMatchObject({ code: 'DURATION_INVALID' });
  await expect(start({ debounce: { ...debounce, maxWait: 'x' } })).rejects.toMatchObject({
    code: 'DURATION_INVALID',
  });
});
