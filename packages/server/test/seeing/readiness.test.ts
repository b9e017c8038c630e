// /readyz: ready means that a commit would be stored now. The store is really written to, but seldom.

import { Stepwell, StepwellError, workflow } from 'stepwell';
import { alteredStore } from 'stepwell/engine';
import { expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { Readiness } from '../../src/seeing/readiness.ts';
import { openSeeing } from '../../src/seeing/seeing.ts';
import { ManualTimer } from '../manual-timer.ts';

const full = () => new StepwellError('STORE_FULL', 'There is no room left.');

/** An engine whose store counts the probe's writes and does with them what the test says. */
async function open() {
  const keeper = await Stepwell.open({ store: 'memory:', worker: false });
  const real = keeper.parts.store;
  const state = { writes: 0, write: async (write: () => Promise<unknown>) => write() };
  const counted = <T>(write: () => Promise<T>): Promise<T> => {
    state.writes++;
    return state.write(write) as Promise<T>;
  };
  const store = alteredStore(real, {
    beginRequest: (request) => counted(() => real.beginRequest(request)),
    answerRequest: (request) => counted(() => real.answerRequest(request)),
  });
  const well = await Stepwell.open({ store, worker: false });
  let time = 0;
  const timer = new ManualTimer();
  const readiness = new Readiness(() => time, timer.set);
  const pass = (milliseconds: number) => {
    time += milliseconds;
    timer.pass(milliseconds);
  };
  return { well, readiness, state, pass, timer };
}

/** The code with which it is not ready; null: it is. */
async function codeOf(readiness: Readiness, well: Stepwell): Promise<string | null> {
  return readiness.demand(well).then(
    () => null,
    (error: StepwellError) => error.code,
  );
}

test('any number of probes make two writes in five seconds', async () => {
  const { well, readiness, state, pass } = await open();
  const ask = () => codeOf(readiness, well);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([null, null, null]);
  pass(4_999);
  expect(await ask()).toBe(null);
  expect(state.writes).toBe(2);
  pass(1);
  expect(await ask()).toBe(null);
  expect(state.writes).toBe(4);
});

test('what keeps the store from writing is told by its code, and looked at again after a second', async () => {
  const { well, readiness, state, pass } = await open();
  state.write = () => Promise.reject(full());
  expect(await codeOf(readiness, well)).toBe('STORE_FULL');
  state.write = (write) => write();
  pass(999);
  expect(await codeOf(readiness, well)).toBe('STORE_FULL');
  pass(1);
  expect(await codeOf(readiness, well)).toBe(null);
});

test('a store that does not answer within three seconds is not ready; its late answer changes nothing', async () => {
  const { well, readiness, state, pass, timer } = await open();
  const { promise, resolve } = Promise.withResolvers<void>();
  state.write = () => promise;
  const asked = codeOf(readiness, well);
  pass(2_999);
  expect(timer.armed).toBe(1);
  pass(1);
  expect(await asked).toBe('STORE_FAILED');
  resolve();
  expect(await codeOf(readiness, well)).toBe('STORE_FAILED');
  expect(timer.armed).toBe(0);
});

test('the engine’s own commits count: while they succeed nothing is written, and when they fail it is not ready', async () => {
  const { well, readiness, state, pass } = await open();
  const flushed = (refused: number) =>
    readiness.tell({ type: 'flushed', events: [2], refused, milliseconds: 1 });
  flushed(0);
  expect(await codeOf(readiness, well)).toBe(null);
  expect(state.writes).toBe(0);
  // A probe that still fits would not say that commits do.
  readiness.tell({ type: 'flush failed', error: full() });
  expect(await codeOf(readiness, well)).toBe('STORE_FULL');
  pass(4_999);
  expect(await codeOf(readiness, well)).toBe('STORE_FULL');
  expect(state.writes).toBe(0);
  flushed(0);
  expect(await codeOf(readiness, well)).toBe(null);
  // A refused commit says whose the run is, not that the store takes commits.
  readiness.tell({ type: 'flush failed', error: full() });
  flushed(1);
  expect(await codeOf(readiness, well)).toBe('STORE_FULL');
});

test('over HTTP: ready, not ready with a code, closing; health says only that the process lives', async () => {
  const closing = new AbortController();
  const { well, state } = await open();
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const app = createApp(well, { seeing: openSeeing(), closing: closing.signal, log });
  const ready = await app.request('/readyz');
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  state.write = () => Promise.reject(full());
  const broken = createApp(well, { seeing: openSeeing(), log });
  const answer = await broken.request('/readyz');
  expect(answer.status).toBe(507);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(await answer.json()).toMatchObject({ code: 'STORE_FULL', detail: 'There is no room left.' });
  expect((await broken.request('/healthz')).status).toBe(200);
  closing.abort();
  const closed = await app.request('/readyz');
  expect([closed.status, ((await closed.json()) as { code: string }).code]).toEqual([503, 'ENGINE_CLOSED']);
  expect((await app.request('/healthz')).status).toBe(200);
  // Probes come every second.
  expect(logged).toEqual([]);
});

test('the engine’s failures reach it by its instruments', async () => {
  const keeper = await Stepwell.open({ store: 'memory:', worker: false });
  const store = alteredStore(keeper.parts.store, { commit: () => Promise.reject(full()) });
  const seeing = openSeeing();
  const told = Promise.withResolvers<void>();
  const once = workflow('once', async () => 1);
  const { instruments } = seeing;
  const well = await Stepwell.open({ store, workflows: [once], instruments, onError: () => told.resolve() });
  await well.start(once);
  await told.promise;
  await expect(seeing.demandReady(well)).rejects.toMatchObject({ code: 'STORE_FULL' });
  await well.close({ grace: 0 });
});
