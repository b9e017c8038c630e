// The log: lines of JSON with the ids of what they are about, and nothing of what users put into runs.

import { Stepwell, StepwellError, workflow } from 'stepwell';
import { expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { type LogOptions, Logs } from '../../src/seeing/logs.ts';
import { openSeeing } from '../../src/seeing/seeing.ts';

const SECRET = 'anna@example.com';
const order = workflow('order', { version: '3' }, async (ctx, who: string) => {
  ctx.log.info('looking', { who });
  await ctx.step('charge', { retry: 1 }, ({ log }) => {
    log.warn('no card');
    throw new TypeError(`no card of ${who}`);
  });
});
const greet = workflow('greet', async (ctx, who: string) => ctx.step('greet', () => `Hello ${who}`));

async function run(options: LogOptions) {
  const lines: string[] = [];
  const logs = new Logs({ ...options, to: { write: (line) => void lines.push(line) } });
  const seeing = openSeeing({ logs });
  const { instruments, onError } = seeing;
  const well = await Stepwell.open({ store: 'memory:', workflows: [order, greet], instruments, onError });
  await (await well.start(greet, SECRET, { id: 'g' })).result();
  await (await well.start(order, SECRET, { id: 'o' })).result().catch(() => {});
  await well.close();
  const text = lines.join('');
  expect(text).not.toContain(SECRET);
  const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { seeing, said, lines, well };
}

test('the end of each run is one line at info, with its status and how long it took', async () => {
  const { said } = await run({ level: 'info' });
  const line = { level: 30, msg: 'run ended', namespace: 'default', durationMs: expect.any(Number) };
  expect(said).toEqual([
    expect.objectContaining({ ...line, run: 'g', workflow: 'greet', version: '1', status: 'succeeded' }),
    expect.objectContaining({
      ...line,
      run: 'o',
      workflow: 'order',
      version: '3',
      status: 'failed',
      error: { name: 'TypeError' },
    }),
  ]);
  expect(said[0]!['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('by default only what goes wrong is said', async () => {
  expect((await run({})).said).toEqual([]);
});

test('lines of ctx.log only where they are asked for, at their level, without their data', async () => {
  const { said } = await run({ runs: true, level: 'info' });
  expect(said.filter(({ msg }) => msg !== 'run ended')).toEqual([
    expect.objectContaining({ level: 30, msg: 'looking', run: 'o', workflow: 'order' }),
    expect.objectContaining({ level: 40, msg: 'no card', run: 'o', operation: 'charge' }),
  ]);
  expect((await run({ runs: true })).said.map(({ msg }) => msg)).toEqual(['no card']);
});

test('what goes wrong in the engine and in requests, without what an error carries besides', async () => {
  const { seeing, lines, well } = await run({});
  const cause = Object.assign(new Error('the disk'), { config: { password: SECRET } });
  seeing.onError(new StepwellError('STORE_FAILED', 'It failed.', { cause, data: { of: SECRET } }));
  seeing.onError(Object.assign(new Error('thrown by a library'), { request: { body: SECRET } }));
  seeing.onError('only a text');
  const broken = createApp(well, { seeing, log: seeing.errorLog });
  const response = await broken.request('/v1/runs');
  expect(response.status).toBe(503);
  expect(lines.join('')).not.toContain(SECRET);
  const said = lines.map((line) => JSON.parse(line) as { level: number; error: Record<string, unknown> });
  expect(said.map(({ level, error: { code, message, cause } }) => [level, code, message, cause])).toEqual([
    [50, 'STORE_FAILED', 'It failed.', 'Error: the disk'],
    [50, undefined, 'thrown by a library', undefined],
    [50, undefined, 'only a text', undefined],
  ]);
  expect(said[0]!.error['stack']).toContain('logs.test.ts');
});
