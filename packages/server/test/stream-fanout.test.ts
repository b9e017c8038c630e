import { Stepwell } from 'stepwell';
import type { News } from 'stepwell/engine';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { INSTALL_LIMIT } from '../../../test/programs.ts';
import { RedisServer } from '../../../test/redis/server.ts';
import type { ErrorLog } from '../src/api.ts';
import { type Fanout, openFanout, serve, type Server } from '../src/index.ts';
import { decodeHints, encodeHints } from '../src/streams/hints.ts';
import { RedisFanout } from '../src/streams/redis-fanout.ts';
import { deaf } from './deaf-store.ts';
import { gather } from '../../stepwell/test/gather.ts';
import { frames, idsOf } from './sse.ts';
import { stages } from './workflows.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
}, INSTALL_LIMIT);
afterAll(() => redis[Symbol.asyncDispose]());

/**
 * Two servers on one store, the first with a worker. The second hears nothing of the store; the engines' own look-again
 * of 5 s is stopped with the clock of their system.
 */
async function twoServers(fanout: string, log: ErrorLog = () => {}) {
  const first = await Stepwell.open({ store: 'memory:', workflows: [stages] });
  const { system } = first.parts;
  const rounds: (() => void)[] = [];
  const second = await Stepwell.open({
    store: deaf(first.parts.store),
    workflows: [stages],
    worker: false,
    system: { ...system, timer: (_delay, round) => (rounds.push(round), () => {}) },
  });
  const servers = [
    await serve(first, { port: 0, fanout, log }),
    await serve(second, { port: 0, fanout, log }),
  ] as const;
  onTestFinished(async () => {
    for (const server of servers) await server.close();
    await second.close();
    await first.close();
  });
  const lookAgain = () => rounds.splice(0).forEach((round) => round());
  return { first, second, servers, lookAgain };
}

/** Reads a run's stream to its end, and says after each event which it was. */
async function follow(server: Server, id: string): Promise<{ seen: number[]; ended: Promise<void> }> {
  const seen: number[] = [];
  const response = await fetch(`${server.url}/v1/runs/${id}/stream`);
  const ended = (async () => {
    for await (const frame of frames(response)) seen.push(...idsOf([frame]));
  })();
  return { seen, ended };
}

/** A channel that no other test uses. */
let channels = 0;
const address = () => `${redis.url}?channel=test-${process.pid}-${++channels}`;

test('events reach a server that hears nothing of the store, by Redis', async () => {
  const { first, servers } = await twoServers(address());
  const { id } = await first.start(stages);
  const { seen, ended } = await follow(servers[1], id);
  for (const value of [1, 2, 3]) {
    await first.raiseEvent(id, 'go', value);
    await expect.poll(() => seen.length).toBeGreaterThan(4 * value);
  }
  await ended;
  expect(seen).toEqual((await gather(first.events(id))).map(({ position }) => position));
});

test('the stream of all runs and long polls hear by Redis as well', async () => {
  const { first, second, servers } = await twoServers(address());
  const reading = frames(await fetch(`${servers[1].url}/v1/stream`), String);
  await reading.next();
  const { id } = await first.start(stages);
  const result = second.result(id);
  for (const value of [1, 2, 3]) await first.raiseEvent(id, 'go', value);
  expect(await result).toEqual([1, 2, 3]);
  const types: unknown[] = [];
  for await (const { event } of reading) {
    types.push(event);
    if (event === 'run.succeeded') break;
  }
  expect(types).toEqual((await gather(first.events(id))).map(({ event }) => event.type));
});

test('what is missed while Redis is gone is looked up when it is back', async () => {
  const log = vi.fn<ErrorLog>();
  const { first, servers } = await twoServers(address(), log);
  const { id } = await first.start(stages);
  const { seen, ended } = await follow(servers[1], id);
  await first.raiseEvent(id, 'go', 1);
  await expect.poll(() => seen.length).toBeGreaterThan(4);
  await redis.kill();
  await expect.poll(() => log.mock.calls.length, { timeout: 10_000 }).toBe(2);
  const before = seen.length;
  await first.raiseEvent(id, 'go', 2);
  const journal = async () => (await gather(first.events(id, { follow: false }))).length;
  await expect.poll(async () => (await journal()) > before && (await first.get(id)).status).toBe('waiting');
  expect(seen).toHaveLength(before);
  await redis.restart();
  await expect.poll(() => seen.length, { timeout: 15_000 }).toBe(await journal());
  await first.raiseEvent(id, 'go', 3);
  await ended;
  expect(seen).toEqual((await gather(first.events(id))).map(({ position }) => position));
  // Once for each server, however often it tried.
  expect(log).toHaveBeenCalledTimes(2);
});

test('while Redis is gone events come by looking again, none is lost, and nobody waits for it', async () => {
  const log = vi.fn<ErrorLog>();
  const { first, servers, lookAgain } = await twoServers('redis://127.0.0.1:1', log);
  const { id } = await first.start(stages);
  const { seen, ended } = await follow(servers[1], id);
  for (const value of [1, 2, 3]) await first.raiseEvent(id, 'go', value);
  await first.result(id);
  const journal = await gather(first.events(id));
  await expect
    .poll(() => {
      lookAgain();
      return seen.length;
    })
    .toBe(journal.length);
  await ended;
  expect(seen).toEqual(journal.map(({ position }) => position));
  expect(log).toHaveBeenCalledTimes(2);
});

test('any other way does as well', async () => {
  const listeners = new Set<(news: News) => void>();
  const way = (): Fanout => ({
    publish: (news) => queueMicrotask(() => listeners.forEach((heard) => news.forEach(heard))),
    subscribe: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    close: async () => {},
  });
  await using first = await Stepwell.open({ store: 'memory:', workflows: [stages] });
  await using second = await Stepwell.open({ store: deaf(first.parts.store), worker: false });
  const spread = await Promise.all([openFanout(first, way(), () => {}), openFanout(second, way(), () => {})]);
  const run = await first.start(stages);
  const reading = gather(second.events(run.id));
  for (const value of [1, 2, 3]) await first.raiseEvent(run.id, 'go', value);
  expect(await reading).toEqual(await gather(first.events(run.id)));
  for (const one of spread) await one.close();
  expect(listeners.size).toBe(0);
});

test.each(['', 'localhost:6379', 'http://localhost:6379', 'memcached://x'])(
  'the address "%s" is refused, and no server stays behind',
  async (fanout) => {
    await using well = await Stepwell.open({ store: 'memory:' });
    await expect(serve(well, { port: 0, fanout })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  },
);

test('a burst while a message is under way goes with the next, as one look if it is large', async () => {
  const url = new URL(address());
  const [told, telling] = await Promise.all([
    RedisFanout.open(url, () => {}),
    RedisFanout.open(url, () => {}),
  ]);
  const heard: News[] = [];
  told.subscribe((news) => heard.push(news));
  telling.publish([{ type: 'journal', run: 1, ended: false }]);
  for (let run = 2; run <= 50_000; run++) telling.publish([{ type: 'journal', run, ended: run % 2 === 0 }]);
  telling.publish([{ type: 'journal', run: 0, ended: true }]);
  await expect.poll(() => heard.some(({ type }) => type === 'missed')).toBe(true);
  expect(heard.length).toBeLessThan(1_010);
  await Promise.all([told.close(), telling.close()]);
});

test('hints: what is said is heard, and what is not understood may have been anything', () => {
  const journal = fc.record({
    type: fc.constant('journal' as const),
    run: fc.nat(),
    ended: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(journal, { maxLength: 50 }), (news) => {
      const { sender, news: heard } = decodeHints(encodeHints('me', news));
      expect(sender).toBe('me');
      const distinct = (list: readonly News[]) => new Set(list.map((one) => JSON.stringify(one)));
      expect(distinct(heard)).toEqual(distinct(news));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(decodeHints(text).news).toContainEqual({ type: 'missed' });
    }),
  );
});
