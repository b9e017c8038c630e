import type { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type FeedEvent, Stepwell, workflow } from 'stepwell';
import type { FeedCommit, RunKey, Store } from 'stepwell/engine';
import { newRun, step } from '../../../test/conformance/fixtures.ts';
import { Random } from '../../../test/conformance/random.ts';
import { connect, databaseUrl, newSchema, openStore } from './database.ts';

const page = (store: Store, after: string | null, limit = 100, until?: string) =>
  store.feed({ namespace: 'default', after, limit, ...(until === undefined ? {} : { until }) });

const short = (commits: readonly FeedCommit[]) =>
  commits.map(({ id, commit: { position } }) => `${id} ${position}`);

async function all(store: Store, after: string, limit: number): Promise<FeedCommit[]> {
  const found: FeedCommit[] = [];
  for (let [next, more] = [after, true]; more; ) {
    const answer = await page(store, next, limit);
    found.push(...answer.commits);
    [next, more] = [answer.cursor, answer.more];
  }
  return found;
}

async function startRuns(store: Store, ...ids: string[]): Promise<RunKey[]> {
  const answers = await store.start(ids.map((id) => newRun(id)));
  return answers.map((answer) => (answer.created ? answer.key : -1));
}

/** As a flush writes it, in whatever transaction the client has open. */
function append(client: Client, schema: string, run: RunKey, position: number): Promise<unknown> {
  return client.query(
    `select ${schema}.append(array[$1::bigint], array[$2::integer], array[1::bigint], array[1], $3, null, false)`,
    [run, position, [JSON.stringify([{ type: 'status', text: `${position}` }])]],
  );
}

test('a transaction that stays open holds nobody up, and comes when it is committed', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const [a, b, c] = (await startRuns(store, 'a', 'b', 'c')) as [RunKey, RunKey, RunKey];
  const slow = await connect();
  const slower = await connect();
  const { cursor } = await page(store, null);
  for (const [client, run] of [
    [slow, a],
    [slower, b],
  ] as const) {
    await client.query('begin');
    await append(client, schema, run, 0);
  }
  for (let n = 0; n < 5; n++) await store.commit([step(c, n)]);
  const first = await page(store, cursor, 3);
  expect(short(first.commits)).toEqual(['c 0', 'c 1', 'c 2']);
  await slower.query('commit');
  // What was cut goes on, and the older transaction comes before it.
  const second = await page(store, first.cursor);
  expect(short(second.commits)).toEqual(['b 0', 'c 3', 'c 4']);
  expect((await page(store, second.cursor)).commits).toEqual([]);
  await slow.query('commit');
  const third = await page(store, second.cursor);
  expect(short(third.commits)).toEqual(['a 0']);
  expect(await page(store, third.cursor)).toMatchObject({ commits: [], more: false });
  expect(short((await page(store, first.cursor)).commits)).toEqual(['a 0', 'b 0', 'c 3', 'c 4']);
});

test('what is rolled back never comes', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const [a] = (await startRuns(store, 'a')) as [RunKey];
  const client = await connect();
  const { cursor } = await page(store, null);
  await client.query('begin');
  await append(client, schema, a, 0);
  await client.query('rollback');
  await store.commit([step(a, 0)]);
  expect(short((await page(store, cursor)).commits)).toEqual(['a 0']);
});

test('a transaction of many commits is read in pages, also while others come to their end', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const ids = Array.from({ length: 9 }, (_, n) => `run ${n}`);
  const keys = await startRuns(store, ...ids, 'old');
  const old = await connect();
  await old.query('begin');
  await append(old, schema, keys.at(-1)!, 0);
  await store.commit(keys.slice(0, 9).map((key) => step(key, 0)));
  const first = await page(store, '', 4);
  expect(first.more).toBe(true);
  await old.query('commit');
  const rest = await all(store, first.cursor, 2);
  expect(short([...first.commits, ...rest]).toSorted()).toEqual(['old 0', ...ids.map((id) => `${id} 0`)]);
});

test('many writers, whose transactions end in any order, and readers of any pages', async () => {
  const schema = newSchema();
  const stores = [await openStore(schema), await openStore(schema)];
  const ids = Array.from({ length: 12 }, (_, n) => `run ${n}`);
  const keys = await startRuns(stores[0]!, ...ids);
  const random = new Random(7);
  let writing = true;
  const write = async (n: number) => {
    const client = n % 2 === 0 ? await connect() : null;
    for (let position = 0; position < 15; position++) {
      if (client === null) await stores[n % 2]!.commit([step(keys[n]!, position)]);
      else {
        await client.query('begin');
        await append(client, schema, keys[n]!, position);
        if (random.chance(0.5)) await client.query('select pg_sleep($1)', [random.below(10) / 1000]);
        await client.query('commit');
      }
    }
  };
  const cursors = [(await page(stores[0]!, null)).cursor];
  const read = async (store: Store) => {
    const found: FeedCommit[] = [];
    let next = cursors[0]!;
    for (let last = false; ; ) {
      const answer = await page(store, next, 1 + random.below(7));
      found.push(...answer.commits);
      next = answer.cursor;
      cursors.push(next);
      if (answer.more) continue;
      if (last) return found;
      last = !writing;
    }
  };
  const readers = Promise.all([read(stores[0]!), read(stores[1]!), read(stores[0]!)]);
  await Promise.all(keys.map((_, n) => write(n)));
  writing = false;
  const expected = ids.map((id) => Array.from({ length: 15 }, (_, position) => `${id} ${position}`));
  for (const found of await readers) {
    for (const [n, id] of ids.entries())
      expect(short(found.filter((one) => one.id === id))).toEqual(expected[n]);
    expect(found).toHaveLength(12 * 15);
  }
  // From wherever a reader was, up to wherever one was: what the one has seen and the other has not, once.
  const everything = await all(stores[1]!, '', 50);
  const [middle, later] = [
    cursors[Math.floor(cursors.length / 2)]!,
    cursors[Math.floor(cursors.length * 0.9)]!,
  ];
  const before = await untilAll(stores[0]!, '', middle);
  const between = await untilAll(stores[0]!, middle, later);
  const after = await all(stores[0]!, between.cursor, 9);
  expect(short([...before.found, ...between.found, ...after]).toSorted()).toEqual(
    short(everything).toSorted(),
  );
});

async function untilAll(store: Store, after: string, until: string) {
  const found: FeedCommit[] = [];
  for (let cursor = after; ; ) {
    const answer = await page(store, cursor, 10, until);
    found.push(...answer.commits);
    ({ cursor } = answer);
    if (!answer.more) return { found, cursor };
  }
}

test('events that one process writes another one hears of, and a third goes on from where it was', async () => {
  const schema = newSchema();
  const store = `${await databaseUrl()}?schema=${schema}&connections=4`;
  const hello = workflow('hello', async (ctx, name: string) => {
    ctx.tag(name);
    return ctx.step('greet', () => `hello ${name}`);
  });
  const openWell = async (worker: false | object) => {
    const well = await Stepwell.open({ store, workflows: [hello], worker });
    onTestFinished(() => well.close({ grace: 0 }));
    return well;
  };
  const [writer, reader, other] = [await openWell({}), await openWell(false), await openWell(false)];
  const live = reader.feed({ after: (await reader.parts.feedPage({ after: null })).cursor });
  const seen: FeedEvent[] = [];
  const readUntil = async (events: AsyncIterableIterator<FeedEvent>, run: string) => {
    for (;;) {
      const { value } = (await events.next()) as { value: FeedEvent };
      seen.push(value);
      if (value.run === run && value.event.type === 'run.succeeded') return value.cursor;
    }
  };
  await writer.start(hello, 'Ann', { id: 'a' });
  const cursor = await readUntil(live, 'a');
  await live.return!();
  await writer.start(hello, 'Bob', { id: 'b' });
  await readUntil(other.feed({ after: cursor, tag: 'Bob' }), 'b');
  for (const id of ['a', 'b']) {
    const ofRun = seen.filter(({ run }) => run === id).map(({ position, event }) => [position, event.type]);
    const journal = [];
    for await (const { position, event } of writer.events(id, { follow: false }))
      journal.push([position, event.type]);
    expect(ofRun).toEqual(journal);
  }
});

test('commits that came with a dump from another server are shown, once and in order', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const [a] = (await startRuns(store, 'a')) as [RunKey];
  for (let n = 0; n < 4; n++) await store.commit([step(a, n)]);
  const client = await connect();
  await client.query(
    `update ${schema}.journal set xid = (4000000000 + position)::text::xid8 where position > 1`,
  );
  expect(short(await all(store, '', 9))).toEqual(['a 0', 'a 1']);
  const { cursor } = await page(store, '');
  const again = await openStore(schema);
  await again.commit([step(a, 4)]);
  expect(short(await all(again, '', 2))).toEqual([0, 1, 2, 3, 4].map((n) => `a ${n}`));
  expect(short(await all(again, cursor, 2))).toEqual(['a 2', 'a 3', 'a 4']);
});

test('a cursor of another schema, or of a later state of the server, is refused', async () => {
  const [one, other] = [await openStore(newSchema()), await openStore(newSchema())];
  const { cursor } = await page(one, null);
  await expect(page(other, cursor)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  const later = cursor.replace(/\d+:\d+:.*$/, '4000000000:4000000000:');
  await expect(page(one, later)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  await expect(page(one, '', 9, later)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
});

test('a user without rights beyond the schema can read it', async () => {
  const schema = newSchema();
  const client = await connect();
  const role = `reader_${schema}_${process.pid}`;
  await client.query(`create role ${role} login password 'r'; create schema ${schema} authorization ${role}`);
  const url = new URL(await databaseUrl());
  url.username = role;
  url.password = 'r';
  const store = await openStore(schema, { url: url.href });
  const [a] = (await startRuns(store, 'a')) as [RunKey];
  await store.commit([step(a, 0)]);
  expect(short(await all(store, '', 9))).toEqual(['a 0']);
  await store.close();
  await client.query(`drop owned by ${role} cascade; drop role ${role}`);
});

test('a page costs what it has, however much was written and however old a transaction is open', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const [a, b] = (await startRuns(store, 'a', 'b')) as [RunKey, RunKey];
  const slow = await connect();
  await slow.query('begin');
  await append(slow, schema, b, 0);
  const client = await connect();
  await client.query(
    `insert into ${schema}.journal (run, position, at, count, events) select $1, n, 1, 1, '[]' from generate_series(0, 49999) n`,
    [a],
  );
  await client.query(`analyze ${schema}.journal`);
  const { cursor } = await page(store, null);
  await store.commit([step(a, 50_000)]);
  const read = async () => {
    const { rows } = await client.query<{ read: string }>(
      `select pg_stat_force_next_flush(), seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables
        where schemaname = $1 and relname = 'journal'`,
      [schema],
    );
    return Number(rows[0]!.read);
  };
  const before = await read();
  expect(short((await page(store, cursor)).commits)).toEqual(['a 50000']);
  // The connections of the store tell of what they have read when they are closed.
  await store.close();
  expect((await read()) - before).toBeLessThan(1_000);
  await slow.query('commit');
});
