import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';

const post = (api: TestApi, path: string, key: string, body: object = {}) =>
  api.ask(path, { method: 'POST', headers: { 'idempotency-key': key }, body: JSON.stringify(body) });

test('the same request under the same key gets the same answer, and does nothing', async () => {
  await using api = await TestApi.open();
  const first = await post(api, '/v1/workflows/echo/runs', 'k1', { input: 1 });
  expect(first.status).toBe(202);
  expect(first.headers.has('idempotency-replayed')).toBe(false);
  const again = await post(api, '/v1/workflows/echo/runs', 'k1', { input: 1 });
  expect(again).toMatchObject({ status: 202, body: first.body });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('location')).toBe(first.headers.get('location'));
  expect((await api.well.list()).runs).toHaveLength(1);
  const other = await post(api, '/v1/workflows/echo/runs', 'k2', { input: 1 });
  expect((other.body as { id: string }).id).not.toBe((first.body as { id: string }).id);
});

test('another request under the same key is refused', async () => {
  await using api = await TestApi.open();
  await post(api, '/v1/workflows/echo/runs', 'k', { input: 1 });
  for (const [path, body] of [
    ['/v1/workflows/echo/runs', { input: 2 }],
    ['/v1/workflows/greet/runs', { input: 1 }],
    ['/v1/runs/cancel', { filter: {} }],
  ] as const) {
    expect(await post(api, path, 'k', body)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
  }
  expect((await api.well.list()).runs).toHaveLength(1);
});

test('a request that is still being answered is not begun again', async () => {
  await using api = await TestApi.open();
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const start = api.well.start.bind(api.well) as (...args: unknown[]) => Promise<never>;
  vi.spyOn(api.well, 'start').mockImplementation(async (...args: unknown[]) => {
    begun.resolve();
    await gate.promise;
    return start(...args);
  });
  const first = post(api, '/v1/workflows/echo/runs', 'k', { input: 1 });
  await begun.promise;
  const second = await post(api, '/v1/workflows/echo/runs', 'k', { input: 1 });
  expect(second).toMatchObject({ status: 409, body: { code: 'REQUEST_UNDER_WAY' } });
  expect(second.headers.get('retry-after')).toBe('1');
  gate.resolve();
  expect(await first).toMatchObject({ status: 202 });
  expect(await post(api, '/v1/workflows/echo/runs', 'k', { input: 1 })).toMatchObject({ status: 202 });
});

test('a problem is not recorded: nothing was done, and the key can be used again', async () => {
  await using api = await TestApi.open();
  const path = '/v1/runs/late/cancel';
  expect(await post(api, path, 'k')).toMatchObject({ status: 404 });
  await api.start('stages', undefined, 'late');
  expect(await post(api, path, 'k')).toMatchObject({ status: 202 });
  expect((await post(api, path, 'k')).headers.get('idempotency-replayed')).toBe('true');
});

/** Of what was made. */
const idsIn = (body: unknown) =>
  [...JSON.stringify(body ?? null).matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id);

test('nothing is made twice when the server dies before it has recorded the answer', async () => {
  await using api = await TestApi.open();
  const { store } = api.well.parts;
  await api.start('greet', { name: 'Ada' }, 'original');
  await api.well.result('original');
  await api.start('stages', undefined, 'open');
  const requests: [path: string, body: object][] = [
    ['/v1/workflows/echo/runs', { input: 1 }],
    ['/v1/workflows/echo/runs/batch', { items: [{ input: 1 }, { input: 2 }] }],
    ['/v1/runs/original/fork', { from: 'compose' }],
    ['/v1/runs/open/events/go', { value: 1 }],
  ];
  for (const [index, [path, body]] of requests.entries()) {
    const key = `key-${index}`;
    // What the store knows after a crash: the request has begun. After 60 s it may begin again, as after this.
    const dying = vi.spyOn(store, 'answerRequest').mockResolvedValue();
    const first = await post(api, path, key, body);
    dying.mockRestore();
    await store.answerRequest({ namespace: 'default', key, answer: null });
    const second = await post(api, path, key, body);
    expect(second.status).toBe(first.status);
    expect(idsIn(second.body)).toEqual(idsIn(first.body));
  }
  await expect.poll(() => api.well.counts()).toEqual({ waiting: 1, succeeded: 5 });
  expect((await api.well.list({ workflow: 'echo' })).runs).toHaveLength(3);
  expect((await api.well.list({ workflow: 'greet' })).runs).toHaveLength(2);
  const events: unknown[] = [];
  for await (const { event } of api.well.events('open', { follow: false }))
    if (event.type === 'event.received') events.push(event.value);
  expect(events).toEqual([1]);
});

test('a start that is put off is not made again once its run has begun', async () => {
  await using api = await TestApi.open();
  const { store } = api.well.parts;
  const requests: [path: string, body: object][] = [
    ['/v1/workflows/echo/runs', { debounce: { key: 'one', delay: 1 } }],
    ['/v1/workflows/echo/runs/batch', { items: [{ debounce: { key: 'many', delay: 1 } }] }],
  ];
  for (const [path, body] of requests) {
    const first = await post(api, path, 'k', body);
    const [id] = idsIn(first.body);
    await api.well.result(id!);
    await store.forgetRequests(Number.MAX_SAFE_INTEGER);
    const second = await post(api, path, 'k', body);
    expect(idsIn(second.body)).toEqual([id]);
    await store.forgetRequests(Number.MAX_SAFE_INTEGER);
  }
  expect((await api.well.list()).runs).toHaveLength(2);
  // While it has not begun, another start moves it: whoever asks is told that it was there.
  const path = '/v1/workflows/echo/runs';
  const later = { debounce: { key: 'later', delay: '1h' } };
  const made = await post(api, path, 'a', later);
  expect(made).toMatchObject({ status: 202, body: { created: true } });
  expect(await post(api, path, 'b', later)).toMatchObject({
    status: 200,
    body: { created: false, id: idsIn(made.body)[0] },
  });
});

test('an answer that cannot be recorded is given all the same', async () => {
  await using api = await TestApi.open();
  const failure = new Error('the disk is gone');
  vi.spyOn(api.well.parts.store, 'answerRequest').mockRejectedValueOnce(failure);
  expect(await post(api, '/v1/workflows/echo/runs', 'k')).toMatchObject({ status: 202 });
  expect(api.logged).toEqual([[expect.stringContaining('Idempotency-Key'), failure]]);
});

test('answers are forgotten after a day', async () => {
  await using api = await TestApi.open();
  const { store, system } = api.well.parts;
  await post(api, '/v1/workflows/echo/runs', 'k', { input: 1 });
  const day = 24 * 60 * 60_000;
  expect(await store.forgetRequests(system.now())).toBe(0);
  expect(await store.forgetRequests(system.now() + day + 60_000)).toBe(1);
});

test('a server that sees keys forgets old answers, at first and every hour, until it closes', async () => {
  const closing = new AbortController();
  await using api = await TestApi.open({ closing: closing.signal });
  const { store, system } = api.well.parts;
  const rounds: (() => void)[] = [];
  const stop = vi.fn<() => void>();
  vi.spyOn(system, 'timer').mockImplementation((delay, callback, kind) => {
    if (delay === 60 * 60_000 && kind === 'background') rounds.push(callback);
    return stop;
  });
  const forget = vi.spyOn(store, 'forgetRequests');
  await api.start('stages');
  expect(forget).not.toHaveBeenCalled();
  await post(api, '/v1/workflows/echo/runs', 'k1');
  await post(api, '/v1/workflows/echo/runs', 'k2');
  expect([forget.mock.calls.length, rounds.length]).toEqual([1, 1]);
  rounds[0]!();
  expect([forget.mock.calls.length, rounds.length]).toEqual([2, 2]);
  stop.mockClear();
  closing.abort();
  expect(stop).toHaveBeenCalledOnce();
});

test.each(['', 'a b', 'x'.repeat(256), 'ключ'])('the key "%s" is refused', async (key) => {
  await using api = await TestApi.open();
  const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
  expect(await api.ask('/v1/workflows/echo/runs', { method: 'POST', headers })).toMatchObject({
    status: 400,
    body: { code: 'PARAMETER_INVALID', data: [{ path: 'idempotency-key' }] },
  });
  expect((await api.well.list()).runs).toEqual([]);
});
