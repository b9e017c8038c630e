import { expect } from 'vitest';
import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import type { Failure } from '../../packages/stepwell/src/model/failure.ts';
import type { FinalStatus, NewRun, RunKey, RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest, RunChange } from '../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { CallbackFact, DeliverAnswer, Delivery } from '../../packages/stepwell/src/store/delivery.ts';
import type { WorkerRecord } from '../../packages/stepwell/src/store/records.ts';

// What a test does not mention: workflow `order@1`, queue `default`, namespace `default`, worker `w1`.
// Runs are created and ready at 1000, claims are made at 2000, commits at 3000, deliveries at 4000.

export const FAILURE: Failure = { name: 'Error', message: 'it went wrong' };
export const EVENT: Fact = { type: 'event', name: 'paid', value: { amount: 3 } };
export const CANCEL: Fact = { type: 'cancel', cause: 'request' };
export const FORCED_CANCEL: Fact = { type: 'cancel', cause: 'request', force: true };
export const REOPEN: Fact = { type: 'reopen' };

export function newRun(id: string, given: Partial<NewRun> = {}): NewRun {
  return {
    namespace: 'default',
    id,
    workflow: 'order',
    version: '1',
    queue: 'default',
    priority: 0,
    readyAt: 1000,
    input: undefined,
    parent: null,
    timeout: null,
    concurrencyKey: null,
    concurrencyLimit: 1,
    createdAt: 1000,
    ...given,
  };
}

export async function start(store: Store, id: string, given: Partial<NewRun> = {}): Promise<RunKey> {
  const [answer] = await store.start([newRun(id, given)]);
  if (answer?.created !== true) throw new Error(`run ${id} exists`);
  return answer.key;
}

export async function register(store: Store, given: Partial<WorkerRecord> = {}): Promise<void> {
  await store.register({
    id: 'w1',
    name: 'host 1, process 1',
    kinds: ['order@1'],
    queues: null,
    startedAt: 500,
    heartbeatAt: 500,
    expiresAt: 10_000,
    ...given,
  });
}

export function claim(store: Store, given: Partial<ClaimRequest> = {}): Promise<ClaimAnswer> {
  return store.claim({ worker: 'w1', kinds: ['order@1'], queues: null, limit: 100, now: 2000, ...given });
}

export async function claimIds(store: Store, given: Partial<ClaimRequest> = {}): Promise<string[]> {
  const { runs } = await claim(store, given);
  return runs.map(({ run }) => run.id);
}

/** Claims exactly that run: no other may be ready. */
export async function claimOnly(
  store: Store,
  key: RunKey,
  given: Partial<ClaimRequest> = {},
): Promise<ClaimedRun> {
  const { runs } = await claim(store, given);
  expect(runs.map(({ run }) => run.key)).toEqual([key]);
  const [claimed] = runs;
  if (claimed === undefined) throw new Error('nothing was claimed');
  return claimed;
}

/** Starts a run and has worker `w1` claim it; nothing else may be ready. */
export async function startAndClaim(store: Store, id: string, given: Partial<NewRun> = {}): Promise<RunKey> {
  await register(store);
  const key = await start(store, id, given);
  await claimOnly(store, key);
  return key;
}

/** A commit of one event. */
export function step(run: RunKey, position: number, given: Partial<CommitRequest> = {}): CommitRequest {
  return {
    run,
    position,
    at: 3000,
    events: JSON.stringify([{ type: 'status', text: `at ${position}` }]),
    count: 1,
    taken: 0,
    open: [],
    close: [],
    starts: [],
    deliver: [],
    change: null,
    ...given,
  };
}

export async function commit(
  store: Store,
  run: RunKey,
  position: number,
  given: Partial<CommitRequest> = {},
): Promise<CommitAnswer | undefined> {
  const [answer] = await store.commit([step(run, position, given)]);
  return answer;
}

export function release(given: Partial<NonNullable<RunChange['release']>> = {}): RunChange {
  return { release: { status: 'waiting', readyAt: null, waitingFor: [], seen: 0, parkedBy: null, ...given } };
}

export function end(
  status: FinalStatus = 'succeeded',
  given: Partial<NonNullable<RunChange['end']>> = {},
): RunChange {
  return { end: { status, output: undefined, error: undefined, continuedBy: null, endedAt: 3000, ...given } };
}

export async function deliver(
  store: Store,
  to: RunKey | Delivery['to'],
  fact: Fact | CallbackFact = EVENT,
  now = 4000,
): Promise<DeliverAnswer | undefined> {
  const [answer] = await store.deliver([{ to: typeof to === 'number' ? { key: to } : to, now, fact }]);
  return answer;
}

/** A run that must be there. */
export async function get(store: Store, id: string, namespace = 'default'): Promise<RunRecord> {
  const run = await store.get(namespace, id);
  if (run === null) throw new Error(`there is no run ${id}`);
  return run;
}

export async function positions(store: Store, run: RunKey, from = 0, limit = 1000): Promise<number[]> {
  const commits = await store.journal(run, from, limit);
  return commits.map(({ position }) => position);
}

/** The text of each event that was made by {@link step}. */
export async function texts(store: Store, run: RunKey): Promise<unknown[]> {
  const commits = await store.journal(run, 0, 1000);
  return commits.flatMap(({ events }) => events.map((event) => ('text' in event ? event.text : event.type)));
}
