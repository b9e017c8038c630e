import { expect, test } from 'vitest';
import { deliver, end, get, newRun, release, start, step } from '../../../test/conformance/fixtures.ts';
import { connect, newSchema, openStore } from './database.ts';

/** What JSON may hold and PostgreSQL's `jsonb` and `text` do not take: U+0000, halves of surrogate pairs. */
const STRANGE = { '\u0000': 'a\u0000b', half: '\ud800', other: 'x\udfff', pair: '😀', quotes: '"\\"\n' };

test('keeps every text that JSON may hold', async () => {
  const store = await openStore(newSchema());
  const key = await start(store, 'a', { input: STRANGE });
  const fact = { type: 'event', name: 'e', value: STRANGE } as const;
  await deliver(store, key, fact);
  const events = [
    { type: 'status', text: STRANGE.half },
    { type: 'event.received', name: 'e', value: STRANGE },
  ];
  const waitingFor = [{ kind: 'event', detail: STRANGE.other }] as const;
  const failure = { name: 'Error', message: 'a\u0000b' };
  await store.commit([
    step(key, 0, {
      events: JSON.stringify(events),
      count: 2,
      change: { progress: STRANGE, statusText: 'a\u0000b\ud800', ...release({ waitingFor, error: failure }) },
    }),
  ]);
  expect(await get(store, 'a')).toMatchObject({
    input: STRANGE,
    progress: STRANGE,
    statusText: 'a\u0000b\ud800',
    waitingFor,
    error: failure,
  });
  expect((await store.journal(key, 0, 10))[0]?.events).toEqual(events);
  expect(await store.facts(key, 0)).toEqual([{ number: 1, fact }]);
  const lease = { startedAt: 1, heartbeatAt: 1, expiresAt: 1_000_000 };
  await store.register({ id: 'w1', name: 'w1', kinds: ['order@1'], queues: null, ...lease });
  const { runs } = await store.claim({
    worker: 'w1',
    kinds: ['order@1'],
    queues: null,
    limit: 1,
    now: 5_000,
  });
  expect(runs[0]?.journal?.[0]?.events).toEqual(events);
  expect(runs[0]?.facts).toEqual([{ number: 1, fact }]);
  await store.commit([step(key, 2, { change: end('failed', { output: STRANGE, error: failure }) })]);
  expect(await get(store, 'a')).toMatchObject({ output: STRANGE, error: failure });
});

test('callbacks keep the operation, whatever it is called', async () => {
  const store = await openStore(newSchema());
  const key = await start(store, 'a');
  const op = `it's "50 %" \\ größer 😀`;
  await store.commit([step(key, 0, { open: [{ callback: 'cb', op }] })]);
  await deliver(
    store,
    { callback: 'cb' },
    { type: 'callback', callback: 'cb', outcome: { ok: true, value: STRANGE } },
  );
  expect((await store.facts(key, 0))[0]?.fact).toEqual({
    type: 'callback',
    callback: 'cb',
    op,
    outcome: { ok: true, value: STRANGE },
  });
});

test('keeps very long texts', async () => {
  const store = await openStore(newSchema());
  const long = 'längs '.repeat(2_000_000);
  const key = await start(store, 'a', { input: long });
  await store.commit([step(key, 0, { events: JSON.stringify([{ type: 'status', text: long }]) })]);
  expect((await get(store, 'a')).input).toBe(long);
  expect((await store.journal(key, 0, 1))[0]?.events).toEqual([{ type: 'status', text: long }]);
});

test('what cannot be stored costs its own run only', async () => {
  const reported: unknown[] = [];
  const store = await openStore(newSchema(), { onError: (error) => reported.push(error) });
  const [a, b, c] = [await start(store, 'a'), await start(store, 'b'), await start(store, 'c')];
  const tooFar = 2 ** 31;
  const answers = await Promise.all([
    store.commit([step(a, 0), step(b, tooFar)]),
    store.commit([step(c, 0)]),
    deliver(store, a),
    store.start([newRun('d')]),
  ]);
  expect(answers).toMatchObject([
    ['stored', 'refused'],
    ['stored'],
    { delivered: true },
    [{ created: true }],
  ]);
  expect(reported).toMatchObject([{ code: 'STORE_FAILED' }]);
});

test('a start that cannot be stored is refused alone', async () => {
  const store = await openStore(newSchema());
  const tooLong = Array.from({ length: 4_000 }, () => Math.random().toString(36).slice(2)).join('');
  const [bad, good] = await Promise.allSettled([
    store.start([newRun(tooLong)]),
    store.start([newRun('good')]),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED' } });
  expect(good).toMatchObject({ status: 'fulfilled', value: [{ created: true }] });
});

test('a journal of 100,000 events is read in pieces', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const key = await start(store, 'a');
  const client = await connect();
  await client.query(
    `insert into ${schema}.journal (run, position, at, count, events)
      select $1, 2 * n, 1000, 2, '[{"type":"run.paused"},{"type":"run.resumed"}]' from generate_series(0, 49999) n`,
    [key],
  );
  let position = 0;
  for (
    let page = await store.journal(key, 0, 1_000);
    page.length > 0;
    page = await store.journal(key, position, 1_000)
  ) {
    expect(page[0]?.position).toBe(position);
    position = page.at(-1)!.position + page.at(-1)!.events.length;
  }
  expect(position).toBe(100_000);
});
