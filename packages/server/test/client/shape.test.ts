// The typed client against a real server: what an application of the embedded engine does goes over HTTP as well.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FeedEvent, type RunEvent, Stepwell } from 'stepwell';
import { connect, type StepwellClient } from 'stepwell/client';
import { type Server, serve } from '../../src/index.ts';
import { gather } from '../../../stepwell/test/gather.ts';
// For its type alone, as a program that does not have the code.
import type { greet } from '../workflows.ts';
import {
  approval,
  echo,
  fragile,
  greet as greetHere,
  relay,
  repairable,
  stages,
  strict,
  tidy,
} from '../workflows.ts';

class Declined extends Error {
  override readonly name = 'Declined';
  reason?: string;
}

let well: Stepwell;
let server: Server;
let client: StepwellClient;

beforeAll(async () => {
  const workflows = [greetHere, echo, approval, stages, fragile, relay, strict, tidy];
  well = await Stepwell.open({ store: 'memory:', workflows });
  server = await serve(well, { port: 0 });
  client = connect(server.url, { errors: [Declined] });
});

afterAll(async () => {
  await server.close();
  await well.close();
});

const statusOf = async (id: string) => (await well.get(id)).status;

describe('starts', () => {
  test('by the type of a workflow', async () => {
    const run = await client.start<typeof greet>('greet', { name: 'Ann' }, { tags: ['x'], priority: 3 });
    const { greeting } = await run.result();
    expect(greeting).toBe('Hello Ann');
    expect(await run.info()).toMatchObject({ id: run.id, status: 'succeeded', tags: ['x'], priority: 3 });
  });

  test('the same id again is the same run', async () => {
    const first = await client.start(greetHere, { name: 'Bob' }, { id: 'start/2' });
    const again = await client.start(greetHere, { name: 'Bob' }, { id: 'start/2' });
    expect([first.created, again.created, again.id]).toEqual([true, false, 'start/2']);
    await expect(client.start('greet', { name: 'Cid' }, { id: 'start/2' })).rejects.toMatchObject({
      name: 'StepwellError',
      code: 'RUN_ID_TAKEN',
    });
  });

  test('at a time', async () => {
    const at = new Date(Date.now() + 3_600_000);
    const run = await client.start('echo', 1, { at });
    expect((await run.info()).readyAt).toBe(at.getTime());
  });

  test('many at once', async () => {
    const items = ['a', 'b'].map((name) => ({ input: { name }, id: `many-${name}` }));
    const runs = await client.startMany<typeof greet>('greet', items);
    expect(runs.map(({ id, created }) => ({ id, created }))).toEqual([
      { id: 'many-a', created: true },
      { id: 'many-b', created: true },
    ]);
    expect(await runs[1]!.result()).toEqual({ greeting: 'Hello b' });
    expect(await client.startMany('greet', [])).toEqual([]);
  });

  test.each([
    ['an unknown workflow', 'nothing', undefined, 'WORKFLOW_UNKNOWN'],
    ['an input that does not fit', 'strict', { count: 'x' }, 'INPUT_INVALID'],
  ])('%s is refused with the code of the engine', async (_, name, input, code) => {
    await expect(client.start(name, input)).rejects.toMatchObject({ code });
  });
});

describe('results', () => {
  test('follow runs that go on as others', async () => {
    const run = await client.start('relay', { leg: 1 });
    const result = client.result(run.id);
    await client.raiseEvent(run.id, 'finish');
    expect(await result).toBe('leg 2');
  });

  test('reject with the error of the run', async () => {
    const run = await client.start('fragile', undefined, { id: 'fragile-1' });
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Declined);
    expect(error).toMatchObject({ message: 'The card was declined', reason: 'no money' });
  });

  test('reject when the run is cancelled, or not there', async () => {
    const run = await client.start('approval');
    const result = run.result();
    await run.cancel({ reason: 'no use' });
    await expect(result).rejects.toMatchObject({ name: 'StepwellError', code: 'RUN_CANCELLED' });
    await expect(client.result('nobody')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

describe('events', () => {
  const positions = (events: readonly RunEvent[]) => events.map(({ position }) => position);

  test('are those of the engine, live and afterwards', async () => {
    const run = await client.start('stages', undefined, { id: 'events-1' });
    const live: RunEvent[] = [];
    let raised = 0;
    for await (const event of run.events()) {
      live.push(event);
      if (event.event.type === 'operation.started' && event.event.kind === 'event') {
        await run.raiseEvent('go', ++raised, { id: `go ${raised}` });
      }
    }
    const embedded = await gather(well.events(run.id));
    expect(live).toEqual(embedded);
    expect(positions(await gather(run.events({ from: 3, follow: false })))).toEqual(
      positions(embedded).slice(3),
    );
    expect(await run.result()).toEqual([1, 2, 3]);
  });

  test('of nobody are refused', async () => {
    await expect(gather(client.events('nobody'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

describe('files of runs', () => {
  test('are written, listed and read, whole and in part, in every version', async () => {
    const text = await client.artifacts.write('files', 'in/notes é.txt', 'Hello wörld');
    expect(text).toMatchObject({
      run: 'files',
      name: 'in/notes é.txt',
      number: 1,
      size: 12,
      contentType: 'text/plain; charset=utf-8',
    });
    const parts = async function* () {
      for (let n = 0; n < 3; n++) yield new Uint8Array(100_000).fill(n);
    };
    expect(await client.artifacts.write('files', 'big', parts())).toMatchObject({ number: 1, size: 300_000 });
    expect(
      await client.artifacts.write('files', 'big', Uint8Array.of(7), { contentType: 'x/y' }),
    ).toMatchObject({
      number: 2,
      contentType: 'x/y',
    });
    expect((await client.artifacts.list('files')).map(({ name, number }) => [name, number])).toEqual([
      ['big', 2],
      ['in/notes é.txt', 1],
    ]);
    expect((await client.artifacts.list('files', { versions: 'all' })).length).toBe(3);
    const first = await client.artifacts.read('files', 'big', { number: 1 });
    const bytes = await first.bytes();
    expect([bytes.byteLength, bytes[0], bytes.at(-1)]).toEqual([300_000, 0, 2]);
    const range: Uint8Array[] = await gather(first.stream({ start: 99_999, end: 100_001 }));
    expect(range.flatMap((chunk) => [...chunk])).toEqual([0, 1]);
    expect(await (await client.artifacts.read('files', 'in/notes é.txt')).text()).toBe('Hello wörld');
    expect(await well.artifacts.list('files', { versions: 'all' })).toEqual(
      await client.artifacts.list('files', { versions: 'all' }),
    );
  });

  test('are written on a condition', async () => {
    const { hash } = await client.artifacts.write('files', 'once', '1', { ifAbsent: true });
    await expect(client.artifacts.write('files', 'once', '2', { ifAbsent: true })).rejects.toMatchObject({
      code: 'ARTIFACT_CHANGED',
    });
    expect(await client.artifacts.write('files', 'once', '2', { ifHash: hash })).toMatchObject({ number: 2 });
    await expect(client.artifacts.write('files', 'once', '3', { ifHash: hash })).rejects.toMatchObject({
      code: 'ARTIFACT_CHANGED',
    });
    await expect(client.artifacts.read('files', 'nothing')).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
    });
  });
});

test('there is everything that the embedded engine has, but what is about the engine itself', () => {
  const methods = (prototype: object) =>
    Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  const engine = ['close', 'kill', 'load', 'parts'];
  const shared = methods(Stepwell.prototype).filter((name) => !engine.includes(name));
  expect(shared.length).toBeGreaterThan(20);
  expect(methods(Object.getPrototypeOf(client) as object)).toEqual(expect.arrayContaining(shared));
  for (const part of ['callbacks', 'artifacts'] as const) expect(client).toHaveProperty(part);
});

test('the feed of all runs tells of each event once', async () => {
  const { cursor } = await well.parts.feedPage({ after: null, limit: 1 });
  const feed = client.feed({ tag: 'fed', after: cursor });
  const seen: FeedEvent[] = [];
  const reading = (async () => {
    for await (const event of feed) {
      seen.push(event);
      if (seen.filter(({ event }) => event.type === 'run.succeeded').length === 2) break;
    }
  })();
  const items = ['fed-1', 'fed-2'].map((id) => ({ id, input: { name: id }, tags: ['fed'] }));
  for (const run of await client.startMany('greet', items)) await run.result();
  await reading;
  const embedded = await gather(well.events('fed-1', { follow: false }));
  expect(new Set(seen.map(({ cursor }) => cursor)).size).toBe(seen.length);
  const own = seen.filter(({ run }) => run === 'fed-1');
  expect(own.map(({ position, at, event }) => ({ position, at, event }))).toEqual(embedded);
  const again = await client.feed({ tag: 'fed', after: seen[0]!.cursor }).next();
  expect(again.value).toEqual(seen[1]);
  const oldest = await client.feed({ after: '' }).next();
  expect(oldest.value).toMatchObject({ position: 0 });
  expect(oldest.value).toEqual((await well.feed({ after: '' }).next()).value);
  await expect(client.feed({ after: 'nonsense' }).next()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
});

describe('control', () => {
  test('pause, resume, fork, retry and purge', async () => {
    const run = await client.start('stages', undefined, { id: 'control-1' });
    await run.pause({ reason: 'audit', by: 'Ada' });
    await expect.poll(() => statusOf(run.id)).toBe('paused');
    expect((await client.get(run.id)).waitingFor[0]).toMatchObject({ kind: 'paused', by: 'Ada' });
    await run.resume();
    await expect.poll(() => statusOf(run.id)).toBe('waiting');
    await expect(client.purge(run.id)).rejects.toMatchObject({ code: 'RUN_NOT_ENDED' });
    await client.cancel(run.id, { force: true });
    await expect.poll(() => statusOf(run.id)).toBe('cancelled');
    await client.retry(run.id);
    await expect.poll(() => statusOf(run.id)).toBe('waiting');
    const fork = await client.fork(run.id, { from: 'go', result: 'forked', id: 'control-2' });
    expect(fork).toMatchObject({ id: 'control-2', created: true });
    await client.cancel(run.id, { force: true });
    await expect.poll(() => statusOf(run.id)).toBe('cancelled');
    await client.purge(run.id);
    await expect(client.get(run.id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  test('callbacks succeed, fail, and are heard of', async () => {
    const callbackOf = async (id: string) => {
      await expect.poll(async () => (await client.get(id)).waitingFor[0]?.callback).toBeDefined();
      return (await client.get(id)).waitingFor[0]!.callback!;
    };
    const good = await client.start('approval');
    const callback = await callbackOf(good.id);
    await client.callbacks.heartbeat(callback);
    await client.callbacks.succeed(callback, { by: 'me' });
    expect(await good.result()).toEqual({ decision: { by: 'me' } });
    await expect(client.callbacks.succeed(callback)).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
    const bad = await client.start('approval');
    const error = Object.assign(new Declined('never'), { reason: 'rule 7' });
    await client.callbacks.fail(await callbackOf(bad.id), error);
    await expect(bad.result()).rejects.toMatchObject({
      name: 'Declined',
      message: 'never',
      reason: 'rule 7',
    });
  });

  test('the same call again is the same', async () => {
    for (const id of ['same-1', 'same-2']) {
      await client.start('tidy', undefined, { id, tags: ['same'] });
      await expect.poll(() => statusOf(id)).toBe('waiting');
    }
    for (let time = 0; time < 2; time++) await client.cancel('same-1', { id: 'call' });
    for (let time = 0; time < 2; time++)
      expect(await client.cancelAll({ idContains: 'same-2' }, { id: 'call' })).toBe(1);
    for (const id of ['same-1', 'same-2']) {
      await client.raiseEvent(id, 'cleaned');
      expect(await client.result(id)).toBe('clean');
    }
  });

  test('of all runs that match', async () => {
    const filter = { tag: 'doomed', idContains: 'doom', createdFrom: new Date(0) };
    const items = [1, 2, 3].map((n) => ({ id: `doom-${n}`, tags: ['doomed'] }));
    await client.startMany('approval', items);
    const total = async () => Object.values(await client.counts(filter)).reduce((sum, n) => sum + n, 0);
    expect(await total()).toBe(3);
    expect(await client.cancelAll(filter, { reason: 'no use' })).toBe(3);
    await expect.poll(() => client.counts(filter)).toEqual({ cancelled: 3 });
    expect(await client.retryAll({ ...filter, status: 'cancelled' })).toBe(3);
    await expect.poll(() => client.counts({ ...filter, status: 'waiting' })).toEqual({ waiting: 3 });
    await client.cancelAll(filter);
    await expect.poll(() => client.counts(filter)).toEqual({ cancelled: 3 });
    expect(await client.purgeAll(filter)).toBe(3);
    expect(await total()).toBe(0);
    await expect(client.cancelAll({ status: 'failed' })).rejects.toMatchObject({ name: 'StepwellError' });
  });
});

describe('what there is', () => {
  test('pages of runs', async () => {
    await client.startMany(
      'echo',
      [1, 2, 3].map((n) => ({ input: n, queue: 'listed', id: `listed-${n}` })),
    );
    const first = await client.list({ queue: 'listed', limit: 2, createdBefore: Date.now() + 1_000 });
    expect(first.runs.map(({ id }) => id)).toEqual(['listed-3', 'listed-2']);
    const second = await client.list({ queue: 'listed', limit: 2, cursor: first.cursor! });
    expect(second.runs.map(({ id }) => id)).toEqual(['listed-1']);
    expect(second.cursor).toBeUndefined();
    await expect(client.list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  test('queues', async () => {
    await client.setQueue('slow', { concurrency: 2, rate: { limit: 10, period: '1s' } });
    await client.pauseQueue('slow', { reason: 'audit' });
    const slow = async () => (await client.queues()).find(({ name }) => name === 'slow');
    expect(await slow()).toMatchObject({
      settings: { concurrency: 2, rate: { limit: 10, period: 1_000 } },
      paused: { reason: 'audit' },
    });
    await client.resumeQueue('slow');
    expect(await slow()).not.toHaveProperty('paused');
  });

  test('workflows and workers', async () => {
    expect(await client.workflows()).toContainEqual({ name: 'greet', version: '1' });
    expect(await client.workers()).toMatchObject([{ kinds: expect.any(Array) as string[] }]);
  });
});

test('what a run failed with can be retried over HTTP', async () => {
  await client.start('fragile', undefined, { id: 'fragile-2' });
  await client.result('fragile-2').catch(() => {});
  repairable.broken = false;
  try {
    await client.retry('fragile-2');
    expect(await client.result('fragile-2')).toBe('prepared');
  } finally {
    repairable.broken = true;
  }
});
