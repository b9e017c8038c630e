import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Stepwell, workflow, type SqliteTransaction } from '../../src/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { crashTest, testEngine } from '../../src/testing/index.ts';
import { diesAfterTransaction } from '../dies-after-transaction.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-transaction-'));
  path = join(folder, 'shop.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

const openStore = () =>
  openSqliteStore({
    path,
    owner: 'test',
    now: () => Date.now(),
    soon: (callback) => void setImmediate(callback),
  });

/** A table of the shop, in the file of the runs; that has to be a store already. */
async function createTable(): Promise<void> {
  await openStore().close();
  using database = new DatabaseSync(path);
  database.exec('create table booking (seat text primary key, guest text not null)');
}

function bookings(): unknown[] {
  using database = new DatabaseSync(path);
  return database
    .prepare('select seat, guest from booking order by seat')
    .all()
    .map((row) => ({ ...row }));
}

function book(tx: SqliteTransaction, seat: string, guest: string): string {
  tx.prepare('insert into booking (seat, guest) values (?, ?)').run(seat, guest);
  return `${guest} has ${seat}`;
}

test('what the body writes and its result are kept together', async () => {
  await createTable();
  const trip = workflow('trip', async (ctx, guest: string) => {
    const first = await ctx.transaction('book', (tx: SqliteTransaction) => book(tx, '4A', guest));
    const second = await ctx.transaction('book', (tx: SqliteTransaction, { attempt, idempotencyKey }) => {
      book(tx, '4B', guest);
      return [attempt, idempotencyKey];
    });
    return [first, ...second];
  });
  {
    await using well = await Stepwell.open({ store: `sqlite:${path}`, workflows: [trip] });
    const run = await well.start(trip, 'Mari', { id: 'r' });
    expect(await run.result()).toEqual(['Mari has 4A', 1, 'r/book#2']);
  }
  expect(bookings()).toEqual([
    { seat: '4A', guest: 'Mari' },
    { seat: '4B', guest: 'Mari' },
  ]);
});

test('a process that dies between the transaction and the journal: it is done once', async () => {
  await createTable();
  let bodies = 0;
  const trip = workflow('trip', (ctx) =>
    ctx.transaction('book', (tx: SqliteTransaction) => {
      bodies++;
      return book(tx, '4A', `guest ${bodies}`);
    }),
  );
  const store = openStore();
  const dying = diesAfterTransaction(store);
  const first = await Stepwell.open({ store: dying.store, workflows: [trip] });
  await first.start(trip, undefined, { id: 'r' });
  await dying.committed;
  first.kill();
  await store.close();
  expect(bookings()).toHaveLength(1);
  {
    await using well = await Stepwell.open({ store: `sqlite:${path}`, workflows: [trip] });
    expect(await well.result('r')).toBe('guest 1 has 4A');
  }
  expect(bodies).toBe(1);
  expect(bookings()).toEqual([{ seat: '4A', guest: 'guest 1' }]);
});

test('what the body throws undoes what it wrote, and it may be tried again', async () => {
  await createTable();
  const trip = workflow('trip', async (ctx) => {
    const booked = await ctx.transaction(
      'book',
      { retry: { attempts: 2, delay: '1ms' } },
      (tx: SqliteTransaction, { attempt }) => {
        book(tx, `seat ${attempt}`, 'Mari');
        if (attempt === 1) throw new Error('the payment failed');
        return attempt;
      },
    );
    const taken = await ctx
      .transaction('again', (tx: SqliteTransaction) => book(tx, 'seat 2', 'Ann'))
      .catch((error: Error) => error.message);
    return [booked, taken];
  });
  {
    await using well = await Stepwell.open({ store: `sqlite:${path}`, workflows: [trip] });
    const run = await well.start(trip);
    expect(await run.result()).toEqual([2, expect.stringContaining('UNIQUE constraint failed')]);
  }
  expect(bookings()).toEqual([{ seat: 'seat 2', guest: 'Mari' }]);
});

test('undone and done again it is a new effect', async () => {
  await createTable();
  let isOpen = false;
  const trip = workflow('trip', async (ctx) => {
    await ctx.transaction(
      'book',
      { undo: () => void bookings().length },
      (tx: SqliteTransaction, { idempotencyKey }) => book(tx, idempotencyKey, 'Mari'),
    );
    await ctx.step('pay', () => {
      if (!isOpen) throw new Error('closed');
    });
  });
  {
    await using well = await Stepwell.open({ store: `sqlite:${path}`, workflows: [trip] });
    const run = await well.start(trip, undefined, { id: 'r' });
    await expect(run.result()).rejects.toThrow('closed');
    isOpen = true;
    await run.retry();
    await run.result();
  }
  expect(bookings().map((row) => (row as { seat: string }).seat)).toEqual(['r/book', 'r/book~2']);
});

test('an async body is refused on SQLite, and leaves nothing', async () => {
  await createTable();
  let late: unknown;
  const trip = workflow('trip', (ctx) =>
    ctx.transaction('book', async (tx: SqliteTransaction) => {
      book(tx, '4A', 'Mari');
      await Promise.resolve();
      try {
        book(tx, '4B', 'Mari');
      } catch (error) {
        late = error;
      }
    }),
  );
  {
    await using well = await Stepwell.open({ store: `sqlite:${path}`, workflows: [trip] });
    await expect((await well.start(trip)).result()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('async'),
    });
  }
  expect(late).toMatchObject({ code: 'OPTION_INVALID' });
  expect(bookings()).toEqual([]);
});

test('a result that is no JSON undoes what was written', async () => {
  await createTable();
  const trip = workflow('trip', (ctx) =>
    ctx.transaction('book', (tx: SqliteTransaction) => {
      book(tx, '4A', 'Mari');
      return new Map();
    }),
  );
  {
    await using well = await Stepwell.open({ store: `sqlite:${path}`, workflows: [trip] });
    await expect((await well.start(trip)).result()).rejects.toMatchObject({ code: 'VALUE_NOT_JSON' });
  }
  expect(bookings()).toEqual([]);
});

test('without a body', async () => {
  const trip = workflow('trip', (ctx) => ctx.transaction('book', {}, undefined as never));
  await using engine = await testEngine({ workflows: [trip] });
  await expect(engine.run(trip, undefined)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

test('wherever the process dies, in memory too, the outcome is the same', async () => {
  let bodies = 0;
  const trip = workflow('trip', async (ctx) => {
    const first = await ctx.transaction('first', () => ++bodies > 0);
    await ctx.sleep(1);
    return [first, await ctx.transaction('second', async () => 'booked')];
  });
  const report = await crashTest(trip, undefined);
  expect(report).toMatchObject({ expected: { output: [true, 'booked'] }, problems: [] });
  expect(report.points).toBeGreaterThan(8);
});

test('a test can replace it', async () => {
  const trip = workflow('trip', (ctx) => ctx.transaction('book', () => 'real'));
  await using engine = await testEngine({ workflows: [trip], steps: { trip: { book: () => 'replaced' } } });
  expect(await engine.run(trip, undefined)).toBe('replaced');
});
