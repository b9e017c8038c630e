import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stepwell } from 'stepwell';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../../../test/postgres/shared.ts';
import { Schedules } from '../../schedules/src/index.ts';
import type { Route } from '../src/route.ts';
import { TestApi } from './api.ts';
import { approval, echo } from './workflows.ts';

async function postgres(): Promise<string> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  return database.url;
}

async function sqlite(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-texts-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return `sqlite:${join(directory, 'runs.db')}`;
}

const ODD = [
  '\u0000',
  'a\u0000b',
  'cb_1_\u0000',
  '\u{1f600}',
  '\uffff',
  "'",
  '%',
  '_',
  '\\',
  '\u007f',
  '\u2028',
];

/** Bodies that routes want, apart from the oddity. */
const BODIES: Readonly<Record<string, object>> = {
  setSchedule: { workflow: 'echo', every: '1h' },
  forkRun: { from: 'compose' },
  failCallback: { message: 'no' },
  startRuns: { items: [{}] },
  cancelRuns: { filter: { tag: 'none' } },
  retryRuns: { filter: {} },
  purgeRuns: { filter: { tag: 'none' } },
};

const FIELDS = ['workflow', 'version', 'queue', 'tag', 'parent', 'idContains'];

/** Requests to a route with an odd text in each place where there can be a text. */
function* requestsTo({ path, method, operation, query }: Route, text: string) {
  const body =
    method === 'GET' || method === 'DELETE' ? {} : { body: JSON.stringify(BODIES[operation] ?? {}) };
  const init: RequestInit = { method, ...body };
  const odd = encodeURIComponent(text);
  const usual = path.replaceAll(/\{\w+\}/g, 'usual');
  for (const [, name] of path.matchAll(/\{(\w+)\}/g))
    for (const last of path.endsWith('/stream') ? ['', '?last_event_id=1'] : [''])
      yield { path: path.replace(`{${name}}`, odd).replaceAll(/\{\w+\}/g, 'usual') + last, init };
  for (const name of Object.keys((query as { shape?: object } | undefined)?.shape ?? {}))
    yield { path: `${usual}?${name}=${odd}`, init };
  if (!/^(cancel|retry|purge)Runs$/.test(operation)) return;
  for (const field of FIELDS)
    yield { path, init: { method, body: JSON.stringify({ filter: { [field]: text }, dryRun: true }) } };
}

test.each([
  ['SQLite', sqlite],
  ['PostgreSQL', postgres],
])(
  'on %s, whatever text is in a path, a parameter or a filter, it is the caller who is told',
  { timeout: 60_000 },
  async (_kind, storeOf) => {
    await using well = await Stepwell.open({ store: await storeOf(), workflows: [echo, approval] });
    await using schedules = await Schedules.open(well);
    const api = TestApi.on(well, { schedules });
    // Without a place for artifacts those routes have nothing to say; a WebSocket wants a socket.
    const routes = api.routes.filter(({ path }) => !path.includes('/artifacts') && path !== '/v1/ws');
    const refused = new Set<number>();
    let asked = 0;
    for (const text of ODD)
      for (const route of routes)
        for (const { path, init } of requestsTo(route, text)) {
          const away = new AbortController();
          const response = await api.app.request(path, { ...init, signal: away.signal });
          await response.body?.cancel();
          expect([path, init.body, response.status, response.status < 500]).toEqual([
            path,
            init.body,
            response.status,
            true,
          ]);
          refused.add(response.status);
          asked++;
        }
    expect(api.logged).toEqual([]);
    expect(asked).toBeGreaterThan(500);
    expect([...refused]).toEqual(expect.arrayContaining([200, 400, 404]));
    await api.start('echo', 1, 'after');
    expect(await well.result('after')).toBe(1);
  },
);
