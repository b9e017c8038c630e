import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Content } from '../../src/artifacts/contract.ts';
import { MemoryArtifacts } from '../../src/artifacts/memory-store.ts';
import { Stepwell, StepwellError, workflow, type AnyDefinition, type OpenOptions } from '../../src/index.ts';
import type { Store } from '../../src/store/contract.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { TestClock } from '../../src/testing/index.ts';
import { gather } from '../gather.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';
import { errorOf } from '../workflow/lives.ts';

const LIMIT = 1_000;
const big = (letter: string): string => letter.repeat(2 * LIMIT);

/** A place that can be told to fail, or to wait. */
class Place extends MemoryArtifacts {
  failures = 0;
  writes = 0;
  gate: Promise<void> = Promise.resolve();

  override async write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    // Whose the place is.
    if (folder.startsWith('_')) return super.write(folder, content);
    this.writes++;
    await this.gate;
    if (this.failures-- > 0) throw new StepwellError('STORE_UNREACHABLE', 'gone for a moment');
    return super.write(folder, content);
  }
}

class World {
  readonly clock = new TestClock(Date.UTC(2030, 0, 1));
  readonly store: Store;
  readonly artifacts = new Place(() => this.clock.now());
  readonly reports: unknown[] = [];
  readonly workflows: AnyDefinition[];

  constructor(...workflows: AnyDefinition[]) {
    this.workflows = workflows;
    this.store = openMemoryStore();
  }

  static onFile(...workflows: AnyDefinition[]): World {
    const world = new World(...workflows);
    const { system } = world.clock;
    const store = openSqliteStore({
      path: join(temporaryDirectory(), 'stepwell.db'),
      owner: 'test',
      now: system.now,
      soon: system.soon,
    });
    onTestFinished(() => store.close());
    return Object.assign(world, { store });
  }

  async open(more: Partial<OpenOptions> = {}): Promise<Stepwell> {
    const { store, artifacts, workflows, clock } = this;
    const well = await Stepwell.open({
      store,
      artifacts,
      workflows,
      system: clock.system,
      limits: { payloadBytes: LIMIT },
      worker: { parked: 0 },
      onError: (error) => this.reports.push(error),
      ...more,
    });
    onTestFinished(() => well.close({ grace: 0 }));
    return well;
  }

  /** The texts of all that the store of the runs has of a run. */
  async stored(id: string): Promise<string> {
    const run = (await this.store.get('default', id))!;
    return JSON.stringify([run, await this.store.journal(run.key, 0, 1_000)]);
  }
}

const child = workflow('child', async (ctx, input: string) => {
  await ctx.sleep('1h');
  return input + input;
});

const flow = workflow('flow', async (ctx, input: string) => {
  const made = await ctx.step('make', () => input.replaceAll('i', 'm'));
  await ctx.sleep('1h');
  const event = await ctx.waitForEvent<string>('go');
  const approved = await ctx.waitForCallback<string>('approve', () => {});
  const grown = await ctx.run(child, made, { id: 'child' });
  await ctx.sleep('1h');
  return [input, made, event, approved, grown].map((text) => text[0]! + text.length);
});

test.each([
  ['memory', () => new World(flow, child)],
  ['a file', () => World.onFile(flow, child)],
])('large values of all kinds, in %s: replayed, and not in the journal', async (_where, make) => {
  const world = make();
  const { clock } = world;
  const well = await world.open();
  const run = await well.start(flow, big('i'), { id: 'r' });
  await clock.advance('2h');
  await run.raiseEvent('go', big('e'));
  await clock.settle();
  await well.callbacks.succeed((await run.info()).waitingFor[0]!.callback!, big('c'));
  await clock.advance('5h');
  expect(await run.result()).toEqual(['i2000', 'm2000', 'e2000', 'c2000', 'm4000']);
  expect(await well.result('child')).toBe(big('m') + big('m'));
  for (const id of ['r', 'child']) expect((await world.stored(id)).length).toBeLessThan(6_000);
  expect(await world.stored('r')).toContain('"$stepwell":"artifact"');
  expect(world.reports).toEqual([]);

  expect((await well.get('r')).input).toBe(big('i'));
  const events = (await gather(run.events())).map(({ event }) => event);
  expect(events).toContainEqual({ type: 'operation.succeeded', op: 'make', value: big('m') });
  expect(events).toContainEqual(expect.objectContaining({ type: 'event.received', value: big('e') }));
  // Nobody sees them as files.
  expect(await well.artifacts.list('r', { versions: 'all' })).toEqual([]);
  await expect(well.artifacts.read('r', '.stepwell/payloads/x')).rejects.toMatchObject({
    code: 'NAME_INVALID',
  });
});

test('a large output is the result, in this process and in another', async () => {
  const world = new World(workflow('w', async () => big('o')));
  const well = await world.open();
  const run = await well.start('w', undefined, { id: 'r' });
  expect(await run.result()).toBe(big('o'));
  const other = await world.open({ worker: false });
  expect(await other.result('r')).toBe(big('o'));
  expect((await other.get('r')).output).toBe(big('o'));
  expect((await world.stored('r')).length).toBeLessThan(2_000);
});

test('the same start again is the same run, with another input it is refused', async () => {
  const world = new World(child);
  const well = await world.open();
  expect((await well.start(child, big('i'), { id: 'r' })).created).toBe(true);
  expect((await well.start(child, big('i'), { id: 'r' })).created).toBe(false);
  expect(await errorOf(well.start(child, big('j'), { id: 'r' }))).toMatchObject({ code: 'RUN_ID_TAKEN' });
  const many = await well.startMany(child, [
    { input: big('i'), id: 'r' },
    { input: big('k'), id: 's' },
  ]);
  expect(many.map(({ created }) => created)).toEqual([false, true]);
  expect((await well.get('s')).input).toBe(big('k'));
});

test('the commit waits until what it names is durable; other runs go on', async () => {
  const bodies: string[] = [];
  const world = new World(
    workflow('large', async (ctx) => {
      await ctx.step('make', () => big('m'));
      await ctx.step('next', () => void bodies.push('next'));
    }),
    workflow('small', async (ctx) => ctx.step('s', () => 'small')),
  );
  const well = await world.open();
  const gate = Promise.withResolvers<void>();
  world.artifacts.gate = gate.promise;
  const run = await well.start('large', undefined, { id: 'r' });
  await vi.waitFor(() => expect(world.artifacts.writes).toBe(1));
  expect(await (await well.start('small')).result()).toBe('small');
  expect(bodies).toEqual([]);
  expect(await world.stored('r')).not.toContain('operation.succeeded');
  gate.resolve();
  await run.result();
  expect(bodies).toEqual(['next']);
});

test('a place that cannot be reached holds the run up until it can, and the body is not run again', async () => {
  let bodies = 0;
  const world = new World(workflow('w', async (ctx) => ctx.step('make', () => (bodies++, big('m')))));
  const well = await world.open();
  world.artifacts.failures = 4;
  const run = await well.start('w');
  await world.clock.advance('1m');
  expect(await run.result()).toBe(big('m'));
  expect({ bodies, reports: world.reports.length }).toEqual({ bodies: 1, reports: 4 });
  world.artifacts.failures = 1;
  expect(await errorOf(well.start('w', big('i')))).toMatchObject({ code: 'STORE_UNREACHABLE' });
});

/** Makes the process die when it commits; the commit never comes to the store. */
async function dieAtCommit(world: World, well: Stepwell): Promise<void> {
  const died = Promise.withResolvers<void>();
  const commit = vi.spyOn(world.store, 'commit').mockImplementationOnce(() => {
    well.kill();
    died.resolve();
    return new Promise(() => {});
  });
  await died.promise;
  commit.mockRestore();
}

test.each<[string, (world: World, well: Stepwell, goOn: () => void) => void | Promise<void>]>([
  ['while it is kept', (_world, well, goOn) => (well.kill(), goOn())],
  [
    'when it is kept and not committed',
    async (world, well, goOn) => {
      const died = dieAtCommit(world, well);
      goOn();
      await died;
    },
  ],
])('a crash %s: the body is run again, and all is as it should be', async (_when, crash) => {
  let bodies = 0;
  const world = new World(
    workflow('w', async (ctx) => {
      const made = await ctx.step('make', () => (bodies++, big('m')));
      await ctx.sleep('1h');
      return made;
    }),
  );
  const first = await world.open();
  const gate = Promise.withResolvers<void>();
  world.artifacts.gate = gate.promise;
  await first.start('w', undefined, { id: 'r' });
  await vi.waitFor(() => expect(world.artifacts.writes).toBe(1));
  await crash(world, first, gate.resolve);
  for (const worker of await world.store.workers()) await world.store.retire(worker.id, world.clock.now());
  const second = await world.open();
  await world.clock.advance('2h');
  expect(await second.result('r')).toBe(big('m'));
  expect(bodies).toBe(2);
  expect(await world.store.artifacts('default', 'r')).toHaveLength(1);
});

test('a fork and a run that goes on as another have their own, whatever becomes of the first', async () => {
  const world = new World(
    workflow('w', async (ctx, input: string) => {
      const made = await ctx.step('make', () => big('m'));
      await ctx.step('mark', () => null);
      return made.length + input.length;
    }),
    workflow('again', async (ctx, input: string) => {
      if (input.startsWith('a')) ctx.continueAs(big('b'));
      await ctx.sleep('1h');
      return input.length;
    }),
  );
  const well = await world.open();
  const run = await well.start('w', big('i'), { id: 'r' });
  await run.result();
  const fork = await well.fork('r', { from: 'mark', id: 'fork' });
  await well.purge('r');
  expect(await fork.result()).toBe(4_000);

  const again = await well.start('again', big('a'), { id: 'again' });
  await world.clock.settle();
  const { continuedBy } = await again.info();
  await well.purge('again');
  await world.clock.advance('2h');
  expect(await well.result(continuedBy!)).toBe(2_000);
  expect(await world.store.artifacts('default', 'r')).toEqual([]);
});

test('a parent keeps what its child gave, also when the child is purged before the parent took it', async () => {
  const parent = workflow('parent', async (ctx) => {
    const output = await ctx.run<string>('quick', undefined, { id: 'child' });
    await ctx.sleep('1h');
    return output.length;
  });
  const quick = workflow('quick', async (ctx) => {
    await ctx.sleep('1h');
    return big('o');
  });
  const world = new World(parent, quick);
  const well = await world.open();
  const run = await well.start(parent, undefined, { id: 'r' });
  await world.clock.settle();
  await run.pause();
  await world.clock.advance('2h');
  await well.result('child');
  await well.purge('child');
  await run.resume();
  await world.clock.advance('2h');
  expect(await run.result()).toBe(2_000);
});

test('a value that cannot be loaded makes its run stuck, and holds no other up; mended, it goes on', async () => {
  const world = new World(flow, child);
  const { clock, artifacts } = world;
  const well = await world.open();
  const run = await well.start(flow, big('i'), { id: 'r' });
  await clock.settle();
  const other = await well.start(child, 'x', { id: 'other' });
  const read = vi.spyOn(artifacts, 'read').mockResolvedValue(null);
  await clock.advance('3h');
  expect(await other.result()).toBe('xx');
  expect(await run.info()).toMatchObject({ status: 'stuck', input: { $stepwell: 'artifact' } });
  expect(await world.store.get('default', 'r')).toMatchObject({ status: 'stuck' });
  const reported = new Set(world.reports.map((error) => (error as StepwellError).code));
  expect(reported).toEqual(new Set(['PAYLOAD_NOT_LOADED']));
  read.mockRestore();
  // It is tried again by itself.
  await clock.advance('3h');
  expect((await run.info()).waitingFor).toMatchObject([{ kind: 'event' }]);
});

test('a place that cannot be reached for a moment is asked again', async () => {
  const world = new World(flow, child);
  const well = await world.open();
  const run = await well.start(flow, big('i'), { id: 'r' });
  await world.clock.settle();
  const gone = new StepwellError('STORE_UNREACHABLE', 'gone for a moment');
  vi.spyOn(world.artifacts, 'read').mockRejectedValueOnce(gone).mockRejectedValueOnce(gone);
  await world.clock.advance('2h');
  expect(world.reports).toEqual([]);
  expect((await run.info()).waitingFor).toMatchObject([{ kind: 'event' }]);
});

test('an engine that does not know the place says so, and loses nothing', async () => {
  const world = new World(flow, child);
  const first = await world.open();
  await first.start(flow, big('i'), { id: 'r' });
  await world.clock.settle();
  await first.close();
  const { store, workflows, clock } = world;
  const without = await Stepwell.open({ store, workflows, system: clock.system });
  await clock.advance('2h');
  expect(await without.get('r')).toMatchObject({
    status: 'stuck',
    waitingFor: [{ detail: expect.stringContaining('Stepwell.open({ artifacts })') }],
  });
  await without.close();
  const second = await world.open();
  await second.resume('r');
  await clock.settle();
  expect((await second.get('r')).waitingFor).toMatchObject([{ kind: 'event' }]);
});

test('there is a limit still, and small values are not touched', async () => {
  const world = new World(child);
  const well = await world.open({ limits: { payloadBytes: LIMIT, largePayloadBytes: 3_000 } });
  expect(await errorOf(well.start(child, 'x'.repeat(3_000)))).toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: expect.stringContaining('limit largePayloadBytes is 3000'),
  });
  await well.start(child, 'x'.repeat(LIMIT - 2), { id: 'fits' });
  expect(world.artifacts.writes).toBe(0);
  await well.start(child, 'x'.repeat(LIMIT - 1), { id: 'beyond' });
  expect(world.artifacts.writes).toBe(1);
  // Bytes are counted, not characters.
  await well.start(child, '漢'.repeat(332), { id: 'bytes fit' });
  await well.start(child, '漢'.repeat(333), { id: 'bytes beyond' });
  expect(world.artifacts.writes).toBe(2);
});

test('a value of a user that looks like a reference is refused, with and without artifacts', async () => {
  const world = new World(workflow('w', async (ctx, input: unknown) => ctx.step('s', () => input)));
  const reference = { $stepwell: 'artifact', key: 'default/other/x', size: 1 };
  for (const well of [
    await world.open(),
    await Stepwell.open({ store: 'memory:', workflows: world.workflows }),
  ]) {
    expect(await errorOf(well.start('w', reference))).toMatchObject({ code: 'VALUE_NOT_JSON' });
    expect(await (await well.start('w', { inside: reference })).result()).toEqual({ inside: reference });
    await well.close();
  }
});

test('a codec seals what is kept elsewhere, too', async () => {
  const world = new World(workflow('w', async () => big('o')));
  const codec = {
    encode: (text: string) => text.replaceAll('o', '0'),
    decode: (text: string) => text.replaceAll('0', 'o'),
  };
  const well = await world.open({ codec });
  const run = await well.start('w', undefined, { id: 'r' });
  expect(await run.result()).toBe(big('o'));
  const [record] = await world.store.artifacts('default', 'r');
  const [kept] = await gather((await world.artifacts.read(`default/r/${record!.hash}`))!);
  expect(Buffer.from(kept!).toString()).toBe(JSON.stringify({ $coded: JSON.stringify(big('0')) }));
});

test('what is kept for a run is not swept, and goes with it', async () => {
  const world = new World(workflow('w', async () => big('o')));
  const well = await world.open();
  await (await well.start('w', big('i'), { id: 'r' })).result();
  await world.clock.advance('72h');
  expect(await well.artifacts.sweep()).toMatchObject({ contents: 0 });
  expect((await well.get('r')).output).toBe(big('o'));
  await well.purge('r');
  const left = await gather(world.artifacts.list('default/'));
  expect(left).toEqual([]);
});
