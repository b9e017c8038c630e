import type { ClientBase } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type AnyDefinition, Stepwell, workflow } from 'stepwell';
import type { Store } from 'stepwell/engine';
import { newRun } from '../../../test/conformance/fixtures.ts';
import { diesAfterTransaction } from '../../stepwell/test/dies-after-transaction.ts';
import { connect, newSchema, openStore } from './database.ts';

interface Shop {
  readonly openStore: () => Promise<Store>;
  readonly book: (tx: ClientBase, seat: string, guest: string) => Promise<string>;
  readonly bookings: () => Promise<unknown[]>;
}

/** A table of the shop, beside those of a store. */
async function openShop(): Promise<Shop> {
  const schema = newSchema();
  const client = await connect();
  await openStore(schema);
  await client.query(`create table ${schema}.booking (seat text primary key, guest text not null)`);
  return {
    openStore: () => openStore(schema),
    async book(tx, seat, guest) {
      await tx.query(`insert into ${schema}.booking values ($1, $2)`, [seat, guest]);
      return `${guest} has ${seat}`;
    },
    async bookings() {
      return (await client.query(`select seat, guest from ${schema}.booking order by seat`)).rows;
    },
  };
}

async function openWell(store: Store, definition: AnyDefinition): Promise<Stepwell> {
  const well = await Stepwell.open({ store, workflows: [definition], worker: { lease: '1s' } });
  onTestFinished(() => well.close({ grace: 0 }));
  return well;
}

test('what an async body writes and its result are kept together', async () => {
  const { openStore: open, book, bookings } = await openShop();
  const trip = workflow('trip', async (ctx, guest: string) => {
    const first = await ctx.transaction('book', (tx: ClientBase) => book(tx, '4A', guest));
    const second = await ctx.transaction('book', async (tx: ClientBase, { idempotencyKey }) => {
      await book(tx, '4B', guest);
      return idempotencyKey;
    });
    return [first, second];
  });
  const well = await openWell(await open(), trip);
  const run = await well.start(trip, 'Mari', { id: 'r' });
  expect(await run.result()).toEqual(['Mari has 4A', 'r/book#2']);
  expect(await bookings()).toEqual([
    { seat: '4A', guest: 'Mari' },
    { seat: '4B', guest: 'Mari' },
  ]);
});

test('a process that dies between the transaction and the journal: it is done once', async () => {
  const { openStore: open, book, bookings } = await openShop();
  let bodies = 0;
  const trip = workflow('trip', (ctx) =>
    ctx.transaction('book', (tx: ClientBase) => book(tx, '4A', `guest ${++bodies}`)),
  );
  const store = await open();
  const dying = diesAfterTransaction(store);
  const first = await openWell(dying.store, trip);
  await first.start(trip, undefined, { id: 'r' });
  await dying.committed;
  first.kill();
  const second = await openWell(await open(), trip);
  expect(await second.result('r')).toBe('guest 1 has 4A');
  expect(bodies).toBe(1);
  expect(await bookings()).toEqual([{ seat: '4A', guest: 'guest 1' }]);
});

test('what the body or the database throws undoes what was written, and it may be tried again', async () => {
  const { openStore: open, book, bookings } = await openShop();
  const trip = workflow('trip', async (ctx) => {
    const retry = { attempts: 2, delay: '1ms' };
    const booked = await ctx.transaction('book', { retry }, async (tx: ClientBase, { attempt }) => {
      await book(tx, `seat ${attempt}`, 'Mari');
      if (attempt === 1) throw new Error('the payment failed');
      return attempt;
    });
    const taken = await ctx
      .transaction('again', async (tx: ClientBase) => {
        await book(tx, 'seat 3', 'Ann');
        await book(tx, 'seat 2', 'Ann');
      })
      .catch((error: Error) => error.message);
    return [booked, taken];
  });
  const well = await openWell(await open(), trip);
  const run = await well.start(trip);
  expect(await run.result()).toEqual([2, expect.stringContaining('duplicate key')]);
  expect(await bookings()).toEqual([{ seat: 'seat 2', guest: 'Mari' }]);
});

test('of two workers that do it at once one does, and both have its outcome', async () => {
  const { openStore: open, book, bookings } = await openShop();
  const [one, other] = [await open(), await open()];
  const [started] = await one.start([newRun('r')]);
  const run = started!.created ? started!.key : 0;
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isIn, resolve: enters } = Promise.withResolvers<void>();
  const first = one.transact(run, 'book', async (tx) => {
    enters();
    await mayEnd;
    return book(tx as ClientBase, '4A', 'Mari');
  });
  await isIn;
  const second = other.transact(run, 'book', (tx) => book(tx as ClientBase, '4A', 'Ann'));
  end();
  expect(await Promise.all([first, second])).toEqual(['Mari has 4A', 'Mari has 4A']);
  expect(await bookings()).toEqual([{ seat: '4A', guest: 'Mari' }]);
});

test('a run that was purged meanwhile: nothing is written', async () => {
  const { openStore: open, book, bookings } = await openShop();
  const store = await open();
  const work = (tx: unknown) => book(tx as ClientBase, '4A', 'Mari');
  await expect(store.transact(12_345, 'book', work)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await bookings()).toEqual([]);
});
