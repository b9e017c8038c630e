import type { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { Stepwell, workflow } from 'stepwell';
import { connect, databaseUrl, newSchema } from './database.ts';

const purchase = workflow('purchase', async (ctx, total: number) => {
  const { address } = await ctx.waitForEvent<{ address: string }>('address');
  return `${total} to ${address}`;
});
const hello = workflow('hello', async (_ctx, name: string) => `hello ${name}`);

/** An engine, a client that has a table of its own, and that table's name. */
async function open(): Promise<{ well: Stepwell; client: Client; schema: string }> {
  const schema = newSchema();
  const well = await openWell(schema);
  const client = await connect();
  await client.query(`create table ${schema}.purchase (id text primary key)`);
  return { well, client, schema };
}

async function openWell(schema: string, worker: false | object = {}): Promise<Stepwell> {
  const store = `${await databaseUrl()}?schema=${schema}&connections=4`;
  const well = await Stepwell.open({ store, workflows: [purchase, hello], worker });
  onTestFinished(() => well.close({ grace: 0 }));
  return well;
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error as { code: unknown }).code,
  );

test('a row, the run that belongs to it and an event for it are committed together', async () => {
  const { well, client, schema } = await open();
  await client.query('begin');
  const run = await well.start(purchase, 500, { id: 'p', client });
  await well.raiseEvent('p', 'address', { address: 'Kyoto' }, { client });
  await client.query(`insert into ${schema}.purchase values ('p')`);
  expect(await codeOf(well.get('p'))).toBe('RUN_NOT_FOUND');
  await client.query('commit');
  expect(await run.result()).toBe('500 to Kyoto');
});

test('of what is rolled back nothing is there', async () => {
  const { well, client } = await open();
  await client.query('begin');
  const run = await well.start(hello, 'Ann', { client });
  await client.query('rollback');
  expect(await codeOf(run.result())).toBe('RUN_NOT_FOUND');
  expect(await well.counts()).toEqual({});
});

test('the commit wakes workers of other processes, and runs that wait for the event', async () => {
  const { well, client, schema } = await open();
  await well.start(purchase, 7, { id: 'p' });
  await expect.poll(async () => (await well.get('p')).status).toBe('waiting');
  const elsewhere = await openWell(schema, false);
  await client.query('begin');
  await elsewhere.raiseEvent('p', 'address', { address: 'Oslo' }, { client });
  const started = await elsewhere.start(hello, 'Bo', { client });
  await client.query('commit');
  expect(await well.result('p')).toBe('7 to Oslo');
  expect(await started.result()).toBe('hello Bo');
});

test('an id that exists gives the run that exists, also one of the same transaction', async () => {
  const { well, client, schema } = await open();
  await (await well.start(hello, 'Cy', { id: 'old' })).result();
  await client.query('begin');
  expect(await codeOf(well.start(hello, 'Di', { id: 'old', client }))).toBe('RUN_ID_TAKEN');
  expect((await well.start(hello, 'Cy', { id: 'old', client })).id).toBe('old');
  await well.start(hello, 'Di', { id: 'new', client });
  await well.start(hello, 'Di', { id: 'new', client });
  expect(await codeOf(well.start(hello, 'Ed', { id: 'new', client }))).toBe('RUN_ID_TAKEN');
  await client.query(`insert into ${schema}.purchase values ('new')`);
  await client.query('commit');
  expect(await well.result('new')).toBe('hello Di');
  expect(await well.counts()).toEqual({ succeeded: 2 });
});

test('a start that the database refuses leaves the transaction as it was', async () => {
  const { well, client, schema } = await open();
  await client.query(`alter table ${schema}.run add constraint unwanted check (id <> 'unwanted')`);
  await client.query('begin');
  await client.query(`insert into ${schema}.purchase values ('p')`);
  const answers = await Promise.all(
    ['a', 'unwanted', 'b'].map((id) => codeOf(well.start(hello, id, { id, client }))),
  );
  expect(answers).toEqual(['no error', 'STORE_FAILED', 'no error']);
  expect(await codeOf(well.raiseEvent('nobody', 'address', 1, { client }))).toBe('RUN_NOT_FOUND');
  await client.query('commit');
  expect(await Promise.all(['a', 'b'].map((id) => well.result(id)))).toEqual(['hello a', 'hello b']);
  const { rows } = await client.query(`select id from ${schema}.purchase`);
  expect(rows).toEqual([{ id: 'p' }]);
});

test('a start by a debounce key moves the run that another has put in', async () => {
  const { well, client } = await open();
  const debounce = { key: 'k', delay: '1h' };
  await well.start(hello, 'early', { id: 'first', debounce });
  await client.query('begin');
  const again = await well.start(hello, 'late', { id: 'second', debounce, client });
  expect(again.id).toBe('first');
  await client.query('rollback');
  expect(await inputOf(well)).toEqual(['early']);
  await client.query('begin');
  await well.start(hello, 'late', { debounce, client });
  await client.query('commit');
  expect(await inputOf(well)).toEqual(['late']);
});

test('a client without a transaction, one of another isolation level, and what is no client are refused', async () => {
  const { well, client } = await open();
  expect(await codeOf(well.start(hello, 'a', { client }))).toBe('OPTION_INVALID');
  await client.query('begin isolation level repeatable read');
  expect(await codeOf(well.start(hello, 'a', { client }))).toBe('OPTION_INVALID');
  await client.query('rollback');
  expect(await codeOf(well.start(hello, 'a', { client: {} }))).toBe('OPTION_INVALID');
  expect(await well.counts()).toEqual({});
});

async function inputOf(well: Stepwell): Promise<unknown[]> {
  const { runs } = await well.list();
  return runs.map(({ input }) => input);
}
