import { expect, test } from 'vitest';
import type { Content } from '../../src/artifacts/contract.ts';
import { MemoryArtifacts } from '../../src/artifacts/memory-store.ts';
import { Stepwell, StepwellError, workflow, type Ctx, type StepIO } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { crashTest, TestClock, testEngine } from '../../src/testing/index.ts';
import { gathered, sha256 } from '../../../../test/conformance/artifacts/contents.ts';
import { gather } from '../gather.ts';
import { errorOf, everyLife } from '../workflow/lives.ts';

/** Writes, waits, reads: with a replay in between. */
const report = workflow('report', async (ctx, rows: string[]) => {
  const written = await ctx.artifacts.write('out/report.csv', () => `${rows.join('\n')}\n`, {
    contentType: 'text/csv',
  });
  await ctx.sleep('1h');
  const file = await ctx.artifacts.read('out/report.csv');
  await ctx.sleep('1h');
  const lines = await ctx.step('count', async () => (await file.text()).split('\n').length - 1);
  const names = (await ctx.artifacts.list()).map(({ name }) => name);
  return { lines, names, same: written.hash === file.hash, number: file.number };
});

test('a workflow writes a file, finds it, reads it: in every life the same', async () => {
  const life = await everyLife(report, ['a', 'b', 'c']);
  expect(life.output).toEqual({ lines: 3, names: ['out/report.csv'], same: true, number: 1 });
  expect(life.bodies).toEqual({
    'report write out:report.csv': 1,
    'report read out:report.csv': 1,
    'report count': 1,
    'report list artifacts': 1,
  });
});

test('a crash at any commit or body leaves one version', async () => {
  const { points, problems } = await crashTest(report, ['a', 'b']);
  expect(problems).toEqual([]);
  expect(points).toBeGreaterThan(15);
});

test('what a read found stays, whatever is written since', async () => {
  await using engine = await testEngine({
    workflows: [
      workflow('reader', async (ctx) => {
        const first = await ctx.artifacts.read('f');
        await ctx.waitForEvent('go');
        const second = await ctx.artifacts.read('f');
        return [
          await first.text(),
          await second.text(),
          await (await ctx.artifacts.read('f', { number: 1 })).text(),
        ];
      }),
    ],
    worker: { parked: 0 },
  });
  const { well } = engine;
  await well.artifacts.write('r', 'f', 'one');
  const run = await well.start('reader', undefined, { id: 'r' });
  await engine.clock.settle();
  await well.artifacts.write('r', 'f', 'two');
  await run.raiseEvent('go');
  expect(await engine.result(run)).toEqual(['one', 'two', 'one']);
});

test('in the workflow itself text, JSON and bytes are operations; a stream belongs into a step', async () => {
  const reads = workflow('reads', async (ctx) => {
    await ctx.artifacts.write('f', '[1, "🦀"]');
    const file = await ctx.artifacts.read('f');
    const stream = await errorOf(Promise.try(() => file.stream()));
    return {
      text: await file.text(),
      json: await file.json(),
      bytes: [...(await file.bytes())].length,
      stream: stream['code'],
      inStep: await ctx.step('stream', () => gathered(file.stream({ start: 1, end: 2 }))),
    };
  });
  const life = await everyLife(reads, undefined);
  expect(life.output).toEqual({
    text: '[1, "🦀"]',
    json: [1, '🦀'],
    bytes: 11,
    stream: 'ARTIFACT_NEEDS_STEP',
    inStep: '1',
  });
  expect(life.bodies).toMatchObject({ 'reads text of f': 1, 'reads json of f': 1, 'reads bytes of f': 1 });
});

test('a body writes and reads at once, and again with each attempt: the same content is the same version', async () => {
  const tries = workflow('tries', async (ctx) =>
    ctx.step('work', { retry: { attempts: 3, delay: '1s' } }, async ({ artifacts, attempt }: StepIO) => {
      const { number } = await artifacts.write('f', 'the same');
      if (attempt < 3) throw new Error('again');
      const file = await artifacts.read('f');
      return [number, await file.text(), (await artifacts.list({ versions: 'all' })).map(({ name }) => name)];
    }),
  );
  const { output } = await everyLife(tries, undefined);
  expect(output).toEqual([1, 'the same', ['f']]);
});

test('the journal holds the record of a file, and not its content', async () => {
  await using well = await Stepwell.open({
    store: 'memory:',
    workflows: [workflow('w', (ctx) => ctx.artifacts.write('a/b#1', 'x'.repeat(10_000)))],
  });
  const run = await well.start('w', undefined, { id: 'r' });
  const record = await run.result();
  expect(record).toMatchObject({
    run: 'r',
    name: 'a/b#1',
    number: 1,
    size: 10_000,
    hash: sha256('x'.repeat(10_000)),
  });
  const events = (await gather(run.events())).map(({ event }) => event);
  expect(events).toContainEqual({ type: 'operation.succeeded', op: 'write a:b:1', value: record });
  expect(JSON.stringify(events).length).toBeLessThan(2_000);
});

test('a fork reads what its past has read; another run reads by the id', async () => {
  await using engine = await testEngine({
    workflows: [
      workflow('maker', async (ctx) => {
        const made = await ctx.artifacts.write('f', 'made');
        const file = await ctx.artifacts.read('f');
        await ctx.step('mark', () => null);
        return [made.run, await ctx.step('see', () => file.text())];
      }),
      workflow('taker', async (ctx, run: string) => (await ctx.artifacts.read('f', { run })).text()),
    ],
  });
  const { well } = engine;
  const run = await well.start('maker', undefined, { id: 'source' });
  expect(await engine.result(run)).toEqual(['source', 'made']);
  const fork = await well.fork('source', { from: 'mark', id: 'fork' });
  expect(await engine.result(fork)).toEqual(['source', 'made']);
  expect(await well.artifacts.list('fork')).toEqual([]);
  expect(await engine.result(await well.start('taker', 'source'))).toBe('made');
});

test.each<[string, (ctx: Ctx) => Promise<unknown>]>([
  ['NAME_INVALID', (ctx) => ctx.artifacts.write('../f', 'x')],
  ['NAME_INVALID', (ctx) => ctx.artifacts.read('')],
  ['OPTION_INVALID', (ctx) => ctx.artifacts.write('f', 'x', { contentType: 'x' })],
  ['OPTION_INVALID', (ctx) => ctx.artifacts.write('f', 7 as never)],
  ['ARTIFACT_NOT_FOUND', (ctx) => ctx.artifacts.read('never written')],
  ['ARTIFACT_TOO_LARGE', (ctx) => ctx.artifacts.write('f', 'x'.repeat(101))],
  ['CTX_IN_STEP', (ctx) => ctx.step('s', () => ctx.artifacts.list())],
  ['CTX_WRONG_GROUP', (ctx) => ctx.group('g', () => ctx.artifacts.list())],
])('%s reaches the workflow, which can handle it', async (code, deed) => {
  const w = workflow('w', async (ctx) => (await errorOf(deed(ctx)))['code'] as string);
  await using engine = await testEngine({ workflows: [w], limits: { artifactBytes: 100 } });
  expect(await engine.run(w, undefined)).toBe(code);
});

/** A place that cannot be reached a number of times. */
class Unreliable extends MemoryArtifacts {
  failures = 0;

  override async write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    if (this.failures-- > 0) throw new StepwellError('STORE_UNREACHABLE', 'gone for a moment');
    return super.write(folder, content);
  }
}

test('a place that cannot be reached for a moment is tried again, with data that can be read again', async () => {
  const clock = new TestClock(0);
  const artifacts = new Unreliable(() => clock.now());
  const w = workflow('w', async (ctx, once: boolean) => {
    const data = once ? ['x'].values() : () => 'x';
    return (await ctx.artifacts.write('f', data)).number;
  });
  await using well = await Stepwell.open({
    store: 'memory:',
    artifacts,
    workflows: [w],
    system: clock.system,
  });
  artifacts.failures = 2;
  const run = await well.start(w, false, { id: 'again' });
  await clock.advance('1m');
  expect(await run.result()).toBe(1);
  artifacts.failures = 1;
  const once = await well.start(w, true, { id: 'once' });
  await expect(once.result()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
});

test('without a place for artifacts the workflow is told', async () => {
  const store = Object.assign(openMemoryStore(), { kind: 'elsewhere' });
  await using well = await Stepwell.open({
    store,
    workflows: [workflow('w', (ctx) => ctx.artifacts.list())],
  });
  await expect((await well.start('w')).result()).rejects.toMatchObject({ code: 'ARTIFACTS_NOT_CONFIGURED' });
});
