import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stepwell } from 'stepwell';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import type { TestDatabase } from '../../../test/postgres/database.ts';
import { testDatabase } from '../../../test/postgres/shared.ts';
import { Schedules } from '../../schedules/src/index.ts';
import { TestApi } from './api.ts';
import { echo, greet, stages, tidy } from './workflows.ts';

let database: Promise<TestDatabase> | undefined;
afterAll(async () => (await database)?.drop());

async function postgres(): Promise<string> {
  database ??= testDatabase();
  return (await database).url;
}

function sqlite(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-requests-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return `sqlite:${join(directory, 'runs.db')}`;
}

const STORES: readonly [kind: string, storeOf: () => Promise<string>][] = [
  ['SQLite', async () => sqlite()],
  ['PostgreSQL', postgres],
];

/** Each has a key of its own. */
const REQUESTS: readonly [path: string, body: object][] = [
  ['/v1/workflows/echo/runs', { input: 1 }],
  ['/v1/workflows/echo/runs/batch', { items: [{ input: 1 }, { input: 2 }] }],
  ['/v1/runs/original/fork', { from: 'compose' }],
  ['/v1/runs/open/events/go', { value: 1 }],
  ['/v1/runs/one/cancel', {}],
  ['/v1/runs/cancel', { filter: { tag: 'many' } }],
  ['/v1/schedules/hourly/run', {}],
];

function send(url: string, [path, body]: (typeof REQUESTS)[number], method = 'POST'): Promise<Response> {
  const headers = { 'Idempotency-Key': `key of ${path}`.replaceAll(' ', '-') };
  return fetch(`${url}${path}`, {
    method,
    headers: method === 'POST' ? headers : {},
    body: JSON.stringify(body),
  });
}

/** What there is to be done something to. */
async function prepare(url: string): Promise<void> {
  const start = (workflow: string, body: object) =>
    fetch(`${url}/v1/workflows/${workflow}/runs`, { method: 'POST', body: JSON.stringify(body) });
  await start('greet', { id: 'original', input: { name: 'Ada' } });
  await start('stages', { id: 'open' });
  await start('tidy', { id: 'one' });
  for (const id of ['a', 'b']) await start('tidy', { id, tags: ['many'] });
  await fetch(`${url}/v1/runs/original/result?wait=30s`);
  await send(url, ['/v1/schedules/hourly', { workflow: 'echo', every: '1h', input: 'scheduled' }], 'PUT');
  const waiting = async () => (await (await fetch(`${url}/v1/counts?status=waiting`)).json()) as object;
  await expect.poll(waiting, { timeout: 10_000 }).toEqual({ counts: { waiting: 4 } });
}

/** The server does all requests, and dies before the answer of any of them is on record. */
async function doAndDie(store: string): Promise<void> {
  const server = fork(new URL('dying-server.ts', import.meta.url), [store, String(REQUESTS.length)]);
  onTestFinished(() => void server.kill('SIGKILL'));
  const gone = once(server, 'exit');
  const [url] = (await once(server, 'message')) as [string];
  await prepare(url);
  const answers = await Promise.allSettled(REQUESTS.map((request) => send(url, request)));
  expect(answers.map(({ status }) => status)).toEqual(REQUESTS.map(() => 'rejected'));
  expect(await gone).toEqual([null, 'SIGKILL']);
}

test.each(STORES)(
  'on %s, what was done is done once although its server was killed before it could record the answers',
  { timeout: 60_000 },
  async (_kind, storeOf) => {
    const store = await storeOf();
    await doAndDie(store);
    await using well = await Stepwell.open({ store, workflows: [echo, greet, stages, tidy] });
    await using schedules = await Schedules.open(well);
    const api = TestApi.on(well, { schedules });
    const again = ([path, body]: (typeof REQUESTS)[number]) =>
      api.ask(path, {
        method: 'POST',
        headers: { 'idempotency-key': `key-of-${path}` },
        body: JSON.stringify(body),
      });
    for (const request of REQUESTS)
      expect(await again(request)).toMatchObject({ status: 409, body: { code: 'REQUEST_UNDER_WAY' } });
    const now = well.parts.system.now.bind(well.parts.system);
    // Until the end: what is ready by this clock would not be for a minute by the one before.
    vi.spyOn(well.parts.system, 'now').mockImplementation(() => now() + 61_000);
    for (const request of REQUESTS) {
      const { status, headers } = await again(request);
      expect([request[0], status, headers.has('idempotency-replayed')]).toEqual([
        request[0],
        request[0] === '/v1/runs/cancel' ? 200 : 202,
        false,
      ]);
    }

    // Their cleanup goes on: none of the cancels was a second one.
    for (const id of ['one', 'a', 'b']) await well.raiseEvent(id, 'cleaned');
    for (const id of ['one', 'a', 'b']) expect(await well.result(id)).toBe('clean');
    for (const go of [2, 3]) await well.raiseEvent('open', 'go', go);
    expect(await well.result('open')).toEqual([1, 2, 3]);
    await expect
      .poll(() => well.counts({ workflow: 'greet' }), { timeout: 10_000 })
      .toEqual({ succeeded: 2 });
    const inputs = (await well.list({ workflow: 'echo' })).runs.map(({ input }) => JSON.stringify(input));
    expect(inputs.toSorted()).toEqual(['"scheduled"', '1', '1', '2']);
    const [planned] = (await well.list({ workflow: 'echo', idContains: 'hourly' })).runs;
    expect((await schedules.get('hourly')).last).toMatchObject({ run: planned!.id });
  },
);

test.each(STORES)(
  'on %s, an answer is given again by a server that was started since',
  { timeout: 30_000 },
  async (_kind, storeOf) => {
    const store = await storeOf();
    const send = async (key: string, body: object) => {
      await using well = await Stepwell.open({ store, workflows: [echo] });
      return await TestApi.on(well, {}).ask('/v1/workflows/echo/runs', {
        method: 'POST',
        headers: { 'idempotency-key': key },
        body: JSON.stringify(body),
      });
    };
    const first = await send('restart', { input: 1 });
    const again = await send('restart', { input: 1 });
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await send('restart', { input: 2 })).toMatchObject({ status: 422 });
  },
);

test('of the same request at several servers at once one is done', { timeout: 30_000 }, async () => {
  const store = await postgres();
  await using first = await Stepwell.open({ store, workflows: [stages] });
  await using second = await Stepwell.open({ store, workflows: [stages], worker: false });
  const apis = [TestApi.on(first, {}), TestApi.on(second, {})];
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        apis[n % 2]!.ask('/v1/workflows/stages/runs', {
          method: 'POST',
          headers: { 'idempotency-key': `round-${round}` },
          body: JSON.stringify({ tags: [`round-${round}`] }),
        }),
      ),
    );
    const done = answers.filter(({ status }) => status === 202);
    expect(new Set(done.map(({ body }) => (body as { id: string }).id)).size).toBe(1);
    expect(done.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 202 && status !== 409)).toEqual([]);
    expect((await first.list({ tag: `round-${round}` })).runs).toHaveLength(1);
  }
});
