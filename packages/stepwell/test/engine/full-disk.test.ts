import type { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Stepwell, StepwellError, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { SqliteStore } from '../../src/store/sqlite/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';

/** SQLite itself refuses what goes beyond this size, as a full disk would. */
function resize(database: DatabaseSync, room: 'full' | 'room'): void {
  database.exec(`pragma max_page_count = ${room === 'full' ? 1 : 100_000}`);
}

test('the disk is full while runs are under way: nothing acknowledged is lost, and with room again all end', async () => {
  const clock = new TestClock(0);
  const path = join(temporaryDirectory(), 'stepwell.db');
  const database = openDatabase(path, 0);
  const store = new SqliteStore({ database, path, soon: clock.system.soon, unlock: () => {} });
  onTestFinished(() => store.close());
  const bodies = new Map<string, number>();
  const batch = workflow('batch', async (ctx, n: number) => {
    for (let part = 0; part < 5; part++) {
      await ctx.step('part', ({ idempotencyKey }) => {
        bodies.set(idempotencyKey, (bodies.get(idempotencyKey) ?? 0) + 1);
        return 'x'.repeat(2_000);
      });
      await ctx.sleep('1m');
    }
    return [n, await ctx.waitForEvent('done')];
  });
  const told: unknown[] = [];
  const well = await Stepwell.open({
    store,
    workflows: [batch],
    system: clock.system,
    onError: (error) => told.push(error),
  });

  const acknowledged = new Set<string>();
  const refused: unknown[] = [];
  const startAndRaise = async (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      await well.start(batch, n, { id: `r${n}` }).then(
        () => acknowledged.add(`r${n}`),
        (error: unknown) => refused.push(error),
      );
    }
    for (const id of acknowledged) {
      await well.raiseEvent(id, 'done', 'event', { id: 'once' }).then(
        () => acknowledged.add(id),
        (error: unknown) => refused.push(error),
      );
    }
  };
  await startAndRaise(0, 10);
  await clock.advance('90s');
  resize(database, 'full');
  await startAndRaise(10, 40);
  await clock.advance('2m');
  await clock.advance('1m');
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ code: 'STORE_FULL' });
  expect(told).toContainEqual(expect.objectContaining({ code: 'STORE_FULL' }));
  // What there is can be read all the while.
  expect((await well.list({ limit: 100 })).runs.map(({ id }) => id).toSorted()).toEqual(
    [...acknowledged].toSorted(),
  );

  resize(database, 'room');
  await clock.advance('10s');
  await startAndRaise(40, 45);
  for (let n = 0; n < 10; n++) await clock.advance('1m');
  expect(await well.counts()).toEqual({ succeeded: acknowledged.size });
  for (const id of acknowledged) expect(await well.result(id)).toEqual([Number(id.slice(1)), 'event']);
  expect(bodies.size).toBe(5 * acknowledged.size);
  await well.close();
});

test('a worker that could not renew its lease says why', async () => {
  const clock = new TestClock(0);
  const store = openMemoryStore();
  const told: unknown[] = [];
  await using well = await Stepwell.open({
    store,
    system: clock.system,
    onError: (error) => told.push(error),
  });
  const full = new StepwellError('STORE_FULL', 'There is no room left.');
  const renewing = vi.spyOn(store, 'heartbeat').mockRejectedValue(full);
  await clock.advance('20s');
  expect(told).toContainEqual(expect.objectContaining({ code: 'STORE_FAILED', cause: full }));

  renewing.mockRestore();
  told.length = 0;
  await clock.advance('1m');
  expect(told).toEqual([]);
  expect(await well.workers()).toHaveLength(1);
});
