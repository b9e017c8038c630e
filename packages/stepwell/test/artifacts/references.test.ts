import { expect, onTestFinished, test, vi } from 'vitest';
import type { ArtifactStore } from '../../src/artifacts/contract.ts';
import { MemoryArtifacts } from '../../src/artifacts/memory-store.ts';
import { isReference, Stepwell, workflow, type Json, type RunInfo } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { sha256 } from '../../../../test/conformance/artifacts/contents.ts';
import { gather } from '../gather.ts';
import { errorOf } from '../workflow/lives.ts';

const INPUT = 'i'.repeat(2_000);
const echo = workflow('echo', async (ctx, input: string) => ctx.step('twice', () => input + input));
const asks = workflow('asks', async (ctx) => ctx.waitForCallback('answer', () => {}));

async function open() {
  const store = openMemoryStore();
  const artifacts = new MemoryArtifacts(() => Date.now());
  const parts = { store, artifacts, workflows: [echo, asks] };
  const well = await Stepwell.open({ ...parts, limits: { payloadBytes: 1_000 } });
  onTestFinished(() => well.close({ grace: 0 }));
  return { well, store, artifacts };
}

function memberOf(store: MemoryArtifacts, name: string | symbol): unknown {
  const member: unknown = Reflect.get(store, name);
  return typeof member === 'function' ? member.bind(store) : member;
}

/** What a caller that knows of references takes for the value. */
function valueOf(value: RunInfo['input']): Json | undefined {
  if (isReference(value)) return `a reference to ${value.size} bytes`;
  return value;
}

test('whoever asks for one run has its values; lists and the feed say that they have them not', async () => {
  const { well } = await open();
  const run = await well.start(echo, INPUT, { id: 'r' });
  expect(await run.result()).toBe(INPUT + INPUT);
  const one = await well.get('r');
  expect([one.input, one.output]).toEqual([INPUT, INPUT + INPUT]);
  const [listed] = (await well.list()).runs;
  expect([valueOf(listed!.input), valueOf(listed!.output)]).toEqual([
    'a reference to 2002 bytes',
    'a reference to 4002 bytes',
  ]);
  // Journals of every release have this: it is never changed.
  const key = `default/r/${sha256(JSON.stringify(INPUT))}`;
  expect(listed!.input).toEqual({ $stepwell: 'artifact', key, size: 2_002 });

  const page = await well.parts.feedPage({ after: '' });
  const fed = page.events.find(({ event }) => event.type === 'operation.succeeded')!;
  expect(fed.event).toMatchObject({ value: { $stepwell: 'artifact', size: 4_002 } });
  // The position tells where the value is.
  const [whole] = await gather(well.events(fed.run, { from: fed.position, follow: false }));
  expect(whole!.event).toMatchObject({ type: 'operation.succeeded', value: INPUT + INPUT });
});

test('what is small is never a reference', async () => {
  const { well } = await open();
  await (await well.start(echo, 'small', { id: 'r' })).result();
  const [listed] = (await well.list()).runs;
  expect([listed!.input, listed!.output]).toEqual(['small', 'smallsmall']);
});

test('where a value cannot be loaded, its reference is shown, and no result is given', async () => {
  const { well, artifacts } = await open();
  await (await well.start(echo, INPUT, { id: 'r' })).result();
  vi.spyOn(artifacts, 'read').mockResolvedValue(null);
  const { input, output } = await well.get('r');
  expect([isReference(input), isReference(output)]).toEqual([true, true]);
  expect(await errorOf(well.result('r'))).toMatchObject({ code: 'PAYLOAD_NOT_LOADED' });
  const events = await gather(well.events('r', { follow: false }));
  expect(events.map(({ event }) => event)).toContainEqual(
    expect.objectContaining({ type: 'run.succeeded', output: expect.toSatisfy(isReference) }),
  );
});

test.each([
  null,
  7,
  'x',
  [],
  {},
  { $stepwell: 'other' },
  { $stepwell: 'artifact' },
  { inside: { $stepwell: 'artifact', key: 'k' } },
])('%j is no reference', (value) => {
  expect(isReference(value)).toBe(false);
});

test('errors are never kept elsewhere: the data of a callback that fails has the small limit', async () => {
  const { well } = await open();
  const run = await well.start(asks);
  await expect.poll(async () => (await run.info()).waitingFor[0]?.callback).toBeDefined();
  const callback = (await run.info()).waitingFor[0]!.callback!;
  const fail = (bytes: number) =>
    well.callbacks.fail(callback, { message: 'no', data: { text: 'x'.repeat(bytes) } });
  expect(await errorOf(fail(1_000))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  await fail(900);
  await expect(run.result()).rejects.toThrow('no');
});

test('whoever follows a run fetches each large value once, and only those', async () => {
  const { well, store, artifacts } = await open();
  await well.start(asks, INPUT, { id: 'r' });
  const reading = vi.fn<ArtifactStore['read']>((...args) => artifacts.read(...args));
  // As another process sees it, that only looks.
  await using looker = await Stepwell.open({
    store,
    artifacts: new Proxy(artifacts, {
      get: (_, name) => (name === 'read' ? reading : memberOf(artifacts, name)),
    }),
    worker: false,
  });
  const following = gather(looker.events('r', { from: 1 }));
  await expect.poll(async () => (await well.list()).runs[0]!.waitingFor[0]?.callback).toBeDefined();
  const callback = (await well.list()).runs[0]!.waitingFor[0]!.callback!;
  await well.callbacks.succeed(callback, INPUT + INPUT);
  await following;
  const keys = reading.mock.calls.map(([key]) => key);
  // The result of the operation, and the output of the run: the input is not asked for.
  expect(keys).toHaveLength(2);
  reading.mockClear();
  expect(await looker.result('r')).toBe(INPUT + INPUT);
  expect(reading).toHaveBeenCalledTimes(1);
  reading.mockClear();
  await looker.list();
  await expect(looker.cancel('r')).rejects.toMatchObject({ code: 'RUN_ENDED' });
  expect(reading).not.toHaveBeenCalled();
});

test('a page of a journal ends after some megabytes of large values, and goes on where it ended', async () => {
  const many = workflow('many', async (ctx) => {
    for (let n = 0; n < 4; n++) await ctx.step('make', () => 'x'.repeat(5_000_000));
  });
  const { well, store } = await open();
  await using other = await Stepwell.open({
    ...{ store, artifacts: new MemoryArtifacts(() => Date.now()), workflows: [many] },
    limits: { payloadBytes: 1_000 },
  });
  await (await other.start(many, undefined, { id: 'r' })).result();
  const { key } = (await store.get('default', 'r'))!;
  const sizes: number[] = [];
  const seen: number[] = [];
  for (let from = 0, more = true; more; ) {
    const page = await other.parts.journalPage(key, from, 200);
    sizes.push(JSON.stringify(page.events).length);
    seen.push(...page.events.map(({ position }) => position));
    from = page.events.at(-1)!.position + 1;
    ({ more } = page);
  }
  expect(Math.max(...sizes)).toBeLessThan(9_000_000);
  expect(sizes.length).toBeGreaterThan(3);
  const whole = await gather(other.events('r', { follow: false }));
  expect(seen).toEqual(whole.map(({ position }) => position));
  await well.close();
});
