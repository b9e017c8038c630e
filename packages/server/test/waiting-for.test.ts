import { Stepwell, workflow, type AnyDefinition, type WaitReason } from 'stepwell';
import { expect, test, vi } from 'vitest';
import { MemoryStore } from '../../stepwell/src/store/memory/store.ts';
import { TestApi } from './api.ts';

/** The API on an engine with these workflows, and a second engine's on the same store when one is wanted. */
class Site implements AsyncDisposable {
  readonly #store = new MemoryStore();
  readonly #wells: Stepwell[] = [];

  async open(...given: (AnyDefinition | { worker: false })[]): Promise<TestApi> {
    const workflows = given.filter((one) => 'name' in one);
    const options = given.find((one) => 'worker' in one) ?? {};
    const well = await Stepwell.open({ store: this.#store, workflows, onError: () => {}, ...options });
    this.#wells.push(well);
    return TestApi.on(well, {});
  }
  async close(api: TestApi): Promise<void> {
    await api.well.close();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const well of this.#wells) await well.close();
    await this.#store.close();
  }
}

/** Starts a run, and asks for it until it says that it waits. */
async function reasonsOf(api: TestApi, name: string, options: object = {}): Promise<readonly WaitReason[]> {
  await api.post(`/v1/workflows/${name}/runs`, { id: 'r', ...options });
  await expect.poll(() => shown(api), { timeout: 10_000 }).not.toEqual([]);
  return shown(api);
}

async function shown(api: TestApi, id = 'r'): Promise<readonly WaitReason[]> {
  const { body } = await api.get(`/v1/runs/${id}`);
  return (body as { waitingFor: WaitReason[] }).waitingFor;
}

test('a timer, and when it goes off', async () => {
  await using site = new Site();
  const api = await site.open(workflow('nap', (ctx) => ctx.sleep('rest', '1h')));
  const before = Date.now();
  const [reason] = await reasonsOf(api, 'nap');
  expect(reason).toEqual({ kind: 'sleep', op: 'rest', until: expect.any(Number) });
  expect(reason!.until! - before).toBeGreaterThanOrEqual(3_600_000);
  expect(reason!.until! - before).toBeLessThan(3_660_000);
});

test('a callback and its id, an event and its name, a child and its id: all at once', async () => {
  await using site = new Site();
  const child = workflow('child', (ctx) => ctx.waitForEvent('never'));
  const parent = workflow('parent', (ctx) =>
    Promise.all([
      ctx.waitForCallback('approval', () => undefined, { timeout: '24h' }),
      ctx.waitForEvent('paid', { timeout: '2h' }),
      ctx.run(child, undefined, { id: 'the-child' }),
    ]),
  );
  const api = await site.open(parent, child);
  await reasonsOf(api, 'parent');
  await expect.poll(() => shown(api)).toHaveLength(3);
  const reasons = await shown(api);
  expect(reasons).toEqual([
    { kind: 'callback', op: 'approval', callback: expect.stringMatching(/^cb_/), until: expect.any(Number) },
    { kind: 'event', op: 'paid', detail: 'paid', until: expect.any(Number) },
    { kind: 'child', op: 'child', child: 'the-child' },
  ]);
  expect(await api.post(`/v1/callbacks/${reasons[0]!.callback}/succeed`)).toMatchObject({ status: 202 });
  expect(await shown(api, 'the-child')).toEqual([{ kind: 'event', op: 'never', detail: 'never' }]);
});

test('a retry, with the time and the last error', async () => {
  await using site = new Site();
  const retry = { attempts: 5, delay: '1h' } as const;
  const flaky = workflow('flaky', (ctx) =>
    ctx.step('charge', { retry }, () => {
      throw new TypeError('the gateway is down');
    }),
  );
  const api = await site.open(flaky);
  expect(await reasonsOf(api, 'flaky')).toEqual([
    {
      kind: 'retry',
      op: 'charge',
      until: expect.any(Number),
      detail: 'attempt 1 failed: the gateway is down',
      error: expect.objectContaining({ name: 'TypeError', message: 'the gateway is down' }),
    },
  ]);
});

test('no worker for its version', async () => {
  await using site = new Site();
  const first = await site.open(workflow('job', { version: '1' }, (ctx) => ctx.sleep('rest', '1s')));
  await first.post('/v1/workflows/job/runs', { id: 'r' });
  await expect.poll(async () => (await first.well.get('r')).status).toBe('waiting');
  await site.close(first);
  const second = await site.open(workflow('job', { version: '2' }, async () => {}));
  await expect.poll(async () => (await second.well.get('r')).status, { timeout: 15_000 }).toBe('stuck');
  expect(await shown(second)).toEqual([
    { kind: 'no worker', detail: 'job@1', error: expect.objectContaining({ code: 'NO_WORKER' }) },
  ]);
});

test('no worker at all, whether it is new, its timer has gone off, or it was told something', async () => {
  await using site = new Site();
  const nap = workflow('nap', (ctx) => ctx.sleep('rest', '1h'));
  const first = await site.open(nap);
  await first.post('/v1/workflows/nap/runs', { id: 'resting' });
  await first.post('/v1/workflows/nap/runs', { id: 'told' });
  await expect.poll(() => first.well.counts()).toEqual({ waiting: 2 });
  await site.close(first);
  const idle = await site.open(nap, { worker: false });
  await idle.post('/v1/workflows/nap/runs', { id: 'new' });
  const none = { kind: 'no worker', detail: 'nap@1' };
  const rest = { kind: 'sleep', op: 'rest', until: expect.any(Number) };
  expect(await shown(idle, 'new')).toEqual([none]);
  expect(await shown(idle, 'told')).toEqual([rest]);
  await idle.post('/v1/runs/told/pause', { by: 'Ada' });
  expect(await shown(idle, 'told')).toEqual([rest, none]);
  const now = idle.well.parts.system.now.bind(idle.well.parts.system);
  const later = vi.spyOn(idle.well.parts.system, 'now').mockImplementation(() => now() + 3_600_000);
  expect(await shown(idle, 'resting')).toEqual([rest, none]);
  later.mockRestore();
  const busy = await site.open(nap);
  await expect.poll(() => busy.well.counts()).toEqual({ paused: 1, waiting: 2 });
  for (const id of ['resting', 'new']) expect(await shown(busy, id)).toEqual([rest]);
  expect(await shown(busy, 'told')).toEqual([
    { kind: 'paused', detail: 'the run "told" was paused by Ada', by: 'Ada' },
    rest,
  ]);
});

test('the limit of its queue, its rate, its pause and by whom, its concurrency key', async () => {
  await using site = new Site();
  const held = workflow('held', (ctx) =>
    ctx.step('work', { timeout: '1h' }, () => new Promise<void>(() => {})),
  );
  const api = await site.open(held);
  const set = (queue: string, settings: object) =>
    api.ask(`/v1/queues/${queue}`, { method: 'PUT', body: JSON.stringify(settings) });
  const start = (id: string, options: object) => api.post('/v1/workflows/held/runs', { id, ...options });

  await set('narrow', { concurrency: 1 });
  await start('n1', { queue: 'narrow' });
  await expect.poll(async () => (await api.well.get('n1')).status).toBe('running');
  await start('n2', { queue: 'narrow' });
  expect(await shown(api, 'n2')).toEqual([
    { kind: 'queue limit', detail: 'the queue "narrow" runs at most 1 at once' },
  ]);

  await set('slow', { rate: { limit: 1, period: '1h' } });
  await start('s1', { queue: 'slow' });
  await expect.poll(async () => (await api.well.get('s1')).status).toBe('running');
  await start('s2', { queue: 'slow' });
  expect(await shown(api, 's2')).toEqual([
    { kind: 'rate', detail: 'of the queue "slow" at most 1 begin in 1h', until: expect.any(Number) },
  ]);

  await api.post('/v1/queues/closed/pause', { reason: 'audit', by: 'Ada' });
  await start('c1', { queue: 'closed' });
  expect(await shown(api, 'c1')).toEqual([
    { kind: 'queue paused', detail: 'the queue "closed" was paused by Ada: audit', by: 'Ada' },
  ]);

  await start('k1', { concurrencyKey: 'customer-1' });
  await expect.poll(async () => (await api.well.get('k1')).status).toBe('running');
  await start('k2', { concurrencyKey: 'customer-1' });
  expect(await shown(api, 'k2')).toEqual([{ kind: 'concurrency', detail: 'held/customer-1' }]);
  await api.well.close({ grace: 0 });
});

test('a pause, by whom and why, beside what it waits for', async () => {
  await using site = new Site();
  const api = await site.open(workflow('patient', (ctx) => ctx.waitForEvent('go')));
  await reasonsOf(api, 'patient');
  await api.post('/v1/runs/r/pause', { reason: 'a strange invoice', by: 'Ada' });
  await expect.poll(async () => (await api.well.get('r')).status).toBe('paused');
  expect(await shown(api)).toEqual([
    { kind: 'paused', detail: 'the run "r" was paused by Ada: a strange invoice', by: 'Ada' },
    { kind: 'event', op: 'go', detail: 'go' },
  ]);
  const { body } = await api.get('/v1/runs/r/history');
  const { events } = body as { events: { event: object }[] };
  expect(events.map(({ event }) => event)).toContainEqual({
    type: 'run.paused',
    reason: 'a strange invoice',
    by: 'Ada',
  });
});

test('stuck, with what is recorded and what the code asks for', async () => {
  await using site = new Site();
  const before = workflow('changed', async (ctx) => {
    await ctx.step('reserve', () => 1);
    await ctx.waitForEvent('go');
  });
  const first = await site.open(before);
  await reasonsOf(first, 'changed');
  await site.close(first);
  const after = workflow('changed', async (ctx) => {
    await ctx.step('charge', () => 1);
    await ctx.waitForEvent('go');
  });
  const second = await site.open(after);
  await second.post('/v1/runs/r/events/go');
  await expect.poll(async () => (await second.well.get('r')).status).toBe('stuck');
  const [reason, ...others] = await shown(second);
  expect(others).toEqual([]);
  const detail =
    'The code does not fit the journal. The journal has: step "reserve" at position 2. The code: asks for step "charge". ' +
    'Deploy code that fits (the run then goes on by itself), or guard the change with ctx.patched().';
  expect(reason).toEqual({
    kind: 'stuck',
    detail,
    // When it is tried again.
    until: expect.any(Number),
    error: {
      name: 'StepwellError',
      code: 'JOURNAL_MISMATCH',
      message: detail,
      stack: expect.any(String),
      data: { journal: { position: 2, op: 'reserve', kind: 'step' }, code: { op: 'charge', kind: 'step' } },
    },
  });
});

test('a start that is later, or that only lacks a worker', async () => {
  await using site = new Site();
  const api = await site.open(workflow('later', async () => {}));
  expect(await reasonsOf(api, 'later', { delay: '1h' })).toEqual([
    { kind: 'start', detail: 'a worker', until: expect.any(Number) },
  ]);
});
