import { expect, test } from 'vitest';
import { workflow, type JournalEvent, type Progress } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

const ofType = (events: readonly JournalEvent[], type: JournalEvent['type']) =>
  events.filter((event) => event.type === type);

const telling = workflow('telling', async (ctx) => {
  ctx.setStatus('beginning');
  ctx.progress({ stage: 'one', percent: 10, message: 'at work', rows: 5 });
  ctx.log.info('begun', { rows: 5 });
  await ctx.sleep('1h');
  await ctx.group('inner', async (ctx) => {
    ctx.log.warn('inside');
    await ctx.step('work', () => 1);
  });
  ctx.progress({ percent: 100 });
  ctx.setStatus('done');
  ctx.log.debug('ended');
  ctx.log.error('really');
});

test('progress, status and log are in the journal once, however often the run is replayed', async () => {
  const { events } = await everyLife(telling, undefined);
  expect(ofType(events, 'progress')).toEqual([
    { type: 'progress', progress: { stage: 'one', percent: 10, message: 'at work', rows: 5 } },
    { type: 'progress', progress: { percent: 100 } },
  ]);
  expect(ofType(events, 'status')).toEqual([
    { type: 'status', text: 'beginning' },
    { type: 'status', text: 'done' },
  ]);
  expect(ofType(events, 'log')).toEqual([
    { type: 'log', level: 'info', message: 'begun', data: { rows: 5 } },
    { type: 'log', level: 'warn', message: 'inside', op: 'inner' },
    { type: 'log', level: 'debug', message: 'ended' },
    { type: 'log', level: 'error', message: 'really' },
  ]);
});

test('they are silent in a replay: nothing is told twice', async () => {
  await using engine = await testEngine({ workflows: [telling], worker: { parked: 0 } });
  const run = await engine.start(telling);
  await engine.result(run);
  const events: JournalEvent[] = [];
  for await (const { event } of run.events()) events.push(event);
  expect(ofType(events, 'run.activated').length).toBeGreaterThan(1);
  expect(
    [ofType(events, 'progress'), ofType(events, 'status'), ofType(events, 'log')].map(({ length }) => length),
  ).toEqual([2, 2, 4]);
});

test('the latest progress and status can be seen from outside while the run waits', async () => {
  await using engine = await testEngine({ workflows: [telling] });
  const run = await engine.start(telling);
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({
    progress: { stage: 'one', percent: 10, message: 'at work', rows: 5 },
    statusText: 'beginning',
  });
  await engine.result(run);
  expect(await run.info()).toMatchObject({ progress: { percent: 100 }, statusText: 'done' });
});

test('what JSON cannot hold is refused where it enters, in a replay as well', async () => {
  const flow = workflow('flow', async (ctx) => {
    const refused: string[] = [];
    const attempt = (tell: () => void) => {
      try {
        tell();
      } catch (error) {
        refused.push((error as Error).message);
      }
    };
    attempt(() => ctx.progress({ at: new Date(0) } as unknown as Progress));
    attempt(() => ctx.progress({ percent: 101 }));
    await ctx.sleep('1h');
    return refused;
  });
  expect((await everyLife(flow, undefined)).output).toEqual([
    expect.stringContaining('$.at is a Date'),
    expect.stringContaining('from 0 to 100, not 101'),
  ]);
});

test('a log line takes whatever it is given: errors, and why the rest was not kept', async () => {
  const flow = workflow('flow', async (ctx) => {
    ctx.log.error('failed', Object.assign(new TypeError('no card'), { card: 4 }));
    ctx.log.info('large', { big: 1n });
    await ctx.step('work', ({ log }) => log.warn('from inside', new RangeError('far')));
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow, undefined);
  await engine.result(run);
  const logs: unknown[] = [];
  for await (const { event } of run.events())
    if (event.type === 'log') logs.push([event.message, event.data]);
  expect(logs).toEqual([
    ['failed', expect.objectContaining({ name: 'TypeError', message: 'no card', data: { card: 4 } })],
    ['large', { notKept: expect.stringContaining('$.big is a bigint') }],
    ['from inside', expect.objectContaining({ name: 'RangeError', message: 'far' })],
  ]);
});

test('progress that is too large is refused', async () => {
  const flow = workflow('flow', async (ctx) => ctx.progress({ message: 'x'.repeat(100) }));
  await using engine = await testEngine({ workflows: [flow], limits: { payloadBytes: 80 } });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
});

test('what ctx says of its run', async () => {
  const flow = workflow('flow', { version: '7' }, async (ctx) => [
    ctx.runId,
    ctx.workflow,
    ctx.version,
    ctx.signal.aborted,
  ]);
  expect((await everyLife(flow, undefined)).output).toEqual(['crash-test', 'flow', '7', false]);
});
