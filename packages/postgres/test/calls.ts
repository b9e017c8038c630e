import type { RunStatus, Store } from 'stepwell/engine';
import {
  CANCEL,
  claim,
  end,
  EVENT,
  FAILURE,
  newRun,
  release,
  step,
} from '../../../test/conformance/fixtures.ts';
import { openPostgresStore } from '../src/open.ts';
import { databaseUrl } from './database.ts';
import { CHILDREN_OF, LONG, RUNS } from './crowd.ts';

export interface Call {
  readonly what: string;
  readonly work: () => Promise<unknown>;
}

const STATUSES: readonly RunStatus[] = [
  'succeeded',
  'failed',
  'queued',
  'waiting',
  'paused',
  'stuck',
  'running',
  'cancelled',
];
const KINDS = ['a@1', 'a@2', 'b@1', 'b@2', 'c@1', 'c@2'];

/** All that a store is asked for, of the runs of crowd.ts; each has to be done before the next is taken. */
export async function* callsOf(store: Store, schema: string): AsyncGenerator<Call> {
  yield* reading(store);
  yield* working(store);
  yield* writing(store);
  yield* following(store);
  yield* keeping(store, schema);
}

function* reading(store: Store): Generator<Call> {
  const page = { namespace: 'default', limit: 50 };
  const middle = { ...page, below: RUNS / 2 };
  yield { what: 'a page', work: () => store.query(middle) };
  yield { what: 'the first page', work: () => store.query(page) };
  yield { what: 'the last page', work: () => store.query({ ...page, below: 40 }) };
  for (const status of STATUSES)
    yield { what: `a page of those ${status}`, work: () => store.query({ ...middle, statuses: [status] }) };
  for (const filter of [
    { workflow: 'b' },
    { version: '2' },
    { queue: 'x' },
    { workflow: 'a', version: '1', queue: 'x' },
    { namespace: 'other' },
    { parent: CHILDREN_OF.many },
    { parent: CHILDREN_OF.few },
    { parent: CHILDREN_OF.none },
    { tag: 'half' },
    { tag: 'seldom' },
    { tag: 'unknown' },
    { idContains: 'r' },
    { createdFrom: 10_000 },
  ])
    yield { what: `a page of ${JSON.stringify(filter)}`, work: () => store.query({ ...middle, ...filter }) };
  yield { what: 'the number with a rare tag', work: () => store.count({ ...page, tag: 'seldom' }) };
  yield { what: 'the number of few children', work: () => store.count({ ...page, parent: CHILDREN_OF.few }) };
  yield { what: 'one run', work: () => store.get('default', 'r4986') };
  yield { what: 'no run', work: () => store.get('default', 'unknown') };
  yield { what: 'a journal', work: () => store.journal(11, 0, 100) };
  yield { what: 'a part of a long journal', work: () => store.journal(LONG, 1_500, 100) };
  yield { what: 'facts', work: () => store.facts(4_945, 0) };
  const limits = { concurrency: 100_000 };
  yield {
    what: 'settings',
    work: () => store.setQueue({ namespace: 'default', queue: 'y', limits, now: 5 }),
  };
  yield {
    what: 'a page of a queue with settings',
    work: () => store.query({ ...middle, statuses: ['queued'] }),
  };
  yield {
    what: 'no settings',
    work: () => store.setQueue({ namespace: 'default', queue: 'y', limits: {}, now: 5 }),
  };
}

function* working(store: Store): Generator<Call> {
  const worker = {
    id: 'w1',
    name: 'w',
    kinds: KINDS,
    queues: null,
    startedAt: 1,
    heartbeatAt: 1,
    expiresAt: 10_000,
  };
  yield { what: 'a worker comes', work: () => store.register(worker) };
  yield { what: 'another', work: () => store.register({ ...worker, id: 'w2', expiresAt: 4_000 }) };
  yield {
    what: 'a third',
    work: () => store.register({ ...worker, id: 'w3', kinds: ['a@1'], queues: ['x'] }),
  };
  yield { what: 'a heartbeat', work: () => store.heartbeat('w1', 10, 20_000) };
  yield { what: 'a sweep', work: () => store.expire(3_000) };
  yield { what: 'a sweep that finds a dead worker', work: () => store.expire(5_000) };
  yield { what: 'a sweep for runs without a worker', work: () => store.strand(5, FAILURE) };
  const narrow = { worker: 'w3', kinds: ['a@1'], queues: ['x'], limit: 3 };
  yield { what: 'a claim of one lane', work: () => claim(store, narrow) };
  yield { what: 'a claim', work: () => claim(store, { kinds: KINDS, limit: 10 }) };
  yield { what: 'a claim of nothing', work: () => claim(store, { kinds: KINDS, limit: 10, now: 500 }) };
  const limits = { concurrency: 1_000, rate: { limit: 5, period: 1_000 } };
  yield { what: 'a rate', work: () => store.setQueue({ namespace: 'default', queue: 'x', limits, now: 5 }) };
  yield { what: 'a claim from a queue with a rate', work: () => claim(store, { kinds: KINDS, limit: 10 }) };
  yield {
    what: 'no rate',
    work: () => store.setQueue({ namespace: 'default', queue: 'x', limits: {}, now: 5 }),
  };
  yield { what: 'a worker goes', work: () => store.retire('w3', 5) };
}

async function* writing(store: Store): AsyncGenerator<Call> {
  const run = (id: string, given = {}) => newRun(id, { workflow: 'a', queue: 'x', ...given });
  const last = Array.from({ length: 20 }, (_, n) => RUNS - n);
  const debounce = { key: 'd', maxWait: 5 };
  let key = 0;
  yield {
    what: 'a start',
    work: async () => {
      const [answer] = await store.start([run('new')]);
      if (answer?.created === true) key = answer.key;
    },
  };
  yield { what: 'many starts', work: () => store.start(last.map((n) => run(`many-${n}`))) };
  yield { what: 'a start that is there', work: () => store.start([run('r4986')]) };
  yield { what: 'a debounced start', work: () => store.start([run('d1', { debounce })]) };
  yield { what: 'another', work: () => store.start([run('d2', { debounce })]) };
  yield { what: 'a commit', work: () => store.commit([step(key, 0)]) };
  yield { what: 'a commit that is late', work: () => store.commit([step(key, 0)]) };
  yield { what: 'commits', work: () => store.commit(last.map((n) => step(n, 1))) };
  yield {
    what: 'a release',
    work: () => store.commit([step(key, 1, { change: release({ readyAt: 4e12 }) })]),
  };
  const child = { run: run('child', { parent: { key, id: 'new', op: 'o' } }), refusal: CANCEL };
  const open = [{ callback: 'cb', op: 'o' }];
  yield { what: 'a child', work: () => store.commit([step(key, 2, { starts: [child], open })]) };
  yield { what: 'a fact by key', work: () => store.deliver([{ to: { key }, now: 9, fact: EVENT }]) };
  const to = { namespace: 'default', id: 'new' };
  yield { what: 'a fact by id', work: () => store.deliver([{ to, now: 9, fact: CANCEL }]) };
  const completion = { type: 'callback', callback: 'cb', outcome: { ok: true, value: 1 } } as const;
  yield {
    what: 'a callback',
    work: () => store.deliver([{ to: { callback: 'cb' }, now: 9, fact: completion }]),
  };
  yield { what: 'an end', work: () => store.commit([step(key, 3, { taken: 9, change: end() })]) };
  yield { what: 'ends', work: () => store.commit(last.map((n) => step(n, 2, { change: end() }))) };
  yield { what: 'an end with a slot', work: () => store.commit([step(4_986, 1, { change: end() })]) };
  yield { what: 'a purge', work: () => store.purge('default', 'new') };
  yield { what: 'a purge of a run with tags', work: () => store.purge('default', 'r12000') };
}

async function* following(store: Store): AsyncGenerator<Call> {
  const page = { namespace: 'default', limit: 100 };
  const { cursor } = await store.feed({ ...page, after: null });
  yield { what: 'the feed, from now on', work: () => store.feed({ ...page, after: null }) };
  yield { what: 'the feed without news', work: () => store.feed({ ...page, after: cursor }) };
  await store.commit([step(RUNS - 50, 1)]);
  yield { what: 'the feed', work: () => store.feed({ ...page, after: cursor }) };
  yield { what: 'that of a workflow', work: () => store.feed({ ...page, after: cursor, workflow: 'b' }) };
  yield { what: 'that of a tag', work: () => store.feed({ ...page, after: cursor, tag: 'seldom' }) };
  const { cursor: until } = await store.feed({ ...page, after: null });
  yield { what: 'that up to now', work: () => store.feed({ ...page, after: cursor, until }) };
}

function* keeping(store: Store, schema: string): Generator<Call> {
  const request = { namespace: 'default', key: 'new', fingerprint: '', now: 1, expiresAt: 1e6 };
  yield { what: 'a request', work: () => store.beginRequest(request) };
  yield { what: 'its answer', work: () => store.answerRequest({ ...request, answer: '{}' }) };
  yield { what: 'requests that have expired', work: () => store.forgetRequests(20) };
  yield { what: 'artifacts', work: () => store.artifacts('default', 'r77') };
  yield { what: 'versions', work: () => store.artifacts('default', 'r77', 'file') };
  const file = {
    namespace: 'default',
    run: 'r78',
    name: 'x',
    size: 1,
    hash: 'h',
    contentType: 't',
    createdAt: 1,
  };
  yield { what: 'an artifact', work: () => store.saveArtifact(file) };
  const after = { namespace: 'default', run: 'r5' };
  yield { what: 'whose artifacts', work: () => store.artifactRuns(after, 50) };
  // It belongs to a run that is there.
  yield { what: 'an outcome', work: () => store.transact(79, 'other', () => 1).catch(() => {}) };
  yield { what: 'a dump', work: () => store.dump(RUNS / 2, 20) };
  yield {
    what: 'another process',
    work: async () => (await openPostgresStore({ url: await databaseUrl(), schema })).close(),
  };
}
