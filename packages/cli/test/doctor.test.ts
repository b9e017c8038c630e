// What stepwell doctor says of workers, queues and runs, and of servers.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@stepwell/server';
import { Stepwell, workflow } from 'stepwell';
import { TestClock } from 'stepwell/testing';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { lookAtServer } from '../src/doctor/server.ts';
import { examined, faults, found } from './examined.ts';
import { parcel as changed, parcel2 } from './replayed-workflows-changed.ts';
import { approval, parcel } from './replayed-workflows.ts';
import { stepwell } from './stepwell.ts';

let store: string;

beforeEach(() => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-doctor-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  store = `sqlite:${join(folder, 'runs.db')}`;
});

const busy = workflow('busy', { queue: 'mail' }, async (ctx) => ctx.step('send', () => {}));

test('runs that are stuck, and why', async () => {
  {
    await using well = await Stepwell.open({ store, workflows: [parcel] });
    for (const id of ['p1', 'p2']) {
      await well.start(parcel, { express: true }, { id });
      await expect.poll(async () => (await well.get(id)).status).toBe('waiting');
    }
  }
  await using well = await Stepwell.open({ store, workflows: [changed] });
  for (const id of ['p1', 'p2']) {
    await well.raiseEvent(id, 'collected');
    await expect.poll(async () => (await well.get(id)).status).toBe('stuck');
  }
  const findings = await examined({ store });
  expect(faults(findings)).toEqual(['error RUNS_STUCK']);
  const [finding] = found(findings, 'RUNS_STUCK', 'error');
  expect(finding!.what).toContain('Stuck: 2 runs of parcel@1, such as p2');
  expect(finding!.what).toContain('step "call courier" at position 4');
});

test('runs whose version no worker has: before anybody notices, and after', async () => {
  {
    const clock = new TestClock(Date.now() - 60_000);
    const given = { store, workflows: [parcel, busy], worker: false, system: clock.system } as const;
    await using well = await Stepwell.open(given);
    for (const id of ['p1', 'p2']) await well.start(parcel, { express: true }, { id });
    await well.start(parcel, { express: true }, { delay: '1d' });
    await well.start(busy, undefined, { id: 'm1' });
  }
  const nobody = found(await examined({ store }), 'WORKER_MISSING', 'error');
  expect(nobody.map(({ what }) => what.slice(0, what.indexOf(':'))).toSorted()).toEqual([
    '1 run of busy@1 on queue "mail"',
    '2 runs of parcel@1 on queue "default"',
  ]);
  await using well = await Stepwell.open({
    store,
    workflows: [parcel2, busy],
    worker: { queues: ['default'] },
  });
  for (const id of ['p1', 'm1']) await expect.poll(async () => (await well.get(id)).status).toBe('stuck');
  const findings = await examined({ store });
  expect(faults(findings)).toEqual(['error WORKER_MISSING', 'error WORKER_MISSING']);
  expect(found(findings, 'WORKER_MISSING', 'error').map(({ what }) => what)).toContainEqual(
    expect.stringContaining('2 runs of parcel@1 on queue "default": waiting for a worker'),
  );
});

test('files that lack a version which is in flight', async () => {
  await using well = await Stepwell.open({ store, workflows: [parcel, approval] });
  await well.start(parcel, { express: false }, { id: 'p1' });
  await expect.poll(async () => (await well.get('p1')).status).toBe('waiting');
  expect(faults(await examined({ store }, { workflows: [parcel] }))).toEqual([]);
  const findings = await examined({ store }, { workflows: [parcel2, approval] });
  expect(faults(findings)).toEqual(['error VERSION_MISSING']);
  expect(found(findings, 'VERSION_MISSING', 'error')[0]!.what).toContain('In flight: 1 run of parcel@1');
});

test('a queue that is paused, and a worker that is not heard of', async () => {
  await using well = await Stepwell.open({ store, workflows: [busy], worker: false });
  await well.pauseQueue('mail', { reason: 'the relay is down' });
  await well.start(busy);
  const now = Date.now();
  await well.parts.store.register({
    ...{ id: 'w', name: 'box:12', kinds: ['busy@1'], queues: null },
    ...{ startedAt: now - 60_000, heartbeatAt: now - 40_000, expiresAt: now - 30_000 },
  });
  const findings = await examined({ store });
  expect(faults(findings)).toEqual(['warning WORKER_LOST', 'warning QUEUE_PAUSED']);
  expect(found(findings, 'QUEUE_PAUSED', 'warning')[0]!.what).toBe(
    'The queue "mail" is paused ("the relay is down"); queued on it: 1 run.',
  );
  expect(found(findings, 'WORKER_LOST', 'warning')[0]!.what).toContain('box:12');
});

/** The address of an HTTP server that answers so. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that is well', async () => {
  await using well = await Stepwell.open({ store, workflows: [busy] });
  await well.pauseQueue('mail');
  const server = await serve(well, { port: 0, log: () => {} });
  onTestFinished(() => server.close());
  const command = await stepwell(['doctor', '--server', server.url]);
  expect(command).toMatchObject({ code: 0, stderr: '0 errors, 1 warning\n' });
  expect(command.stdout).toContain('warning  QUEUE_PAUSED');
});

test('a server whose store has gone', async () => {
  const well = await Stepwell.open({ store, worker: false });
  onTestFinished(() => well.close());
  const server = await serve(well, { port: 0, log: () => {} });
  onTestFinished(() => server.close());
  await well.parts.store.close();
  const { findings, readable } = await lookAtServer(server.url);
  expect(found(findings, 'SERVER_READY', 'error')[0]!.what).toContain('is not ready');
  expect(readable).toBe(false);
});

test('an address at which nothing answers, and one at which something else does', async () => {
  const nothing = await stepwell(['doctor', '--server', 'http://127.0.0.1:1', '--json']);
  expect(nothing).toMatchObject({ code: 1, stderr: '' });
  expect(JSON.parse(nothing.stdout.trim().split('\n').at(-1)!)).toMatchObject({
    level: 'error',
    code: 'SERVER_CONNECTION',
    what: expect.stringContaining('No server answers'),
  });
  const page = await answering((_, response) => response.end('<p>Welcome to nginx!</p>'));
  expect(faults((await lookAtServer(page)).findings)).toEqual(['error SERVER_CONNECTION']);
});

test('a server of another version', async () => {
  const url = await answering(({ url: path }, response) =>
    response.end(path === '/openapi.json' ? '{"info":{"title":"Stepwell","version":"2"}}' : '{}'),
  );
  expect(faults((await lookAtServer(url)).findings)).toEqual(['warning SERVER_VERSION']);
});

test('the guide has a line for each thing that is looked at, and no other', () => {
  const root = join(import.meta.dirname, '../../..');
  const source = readFileSync(join(root, 'packages/cli/src/doctor/finding.ts'), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
  const page = readFileSync(join(root, 'docs/guide/replay.md'), 'utf8');
  const lines = [...page.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(lines).toEqual(codes);
});
