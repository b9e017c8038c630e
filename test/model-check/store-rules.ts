import { fateAtEnd, isFinal, isForced, refusalOf, wakes } from './fact-rules.ts';
import type { FactKind, ModelCommit, ModelRun, ModelStore, Mutation, WorkerId } from './store-model.ts';

/** The store's calls as `store/contract.ts` describes them, each one atomic. */

/** Whether a worker that fits the run may be given it. */
export function isClaimable(
  store: ModelStore,
  run: ModelRun,
  now: number,
  mutation: Mutation | null = null,
): boolean {
  const isReady = run.owner === null && run.readyAt !== null && run.readyAt <= now;
  return isReady && (isOutOfTurn(run) || hasSlot(store, run) || mutation === 'no slot check');
}

/** Such a run needs no slot. */
export function isOutOfTurn(run: ModelRun): boolean {
  return run.passes || isForced(run);
}

/** Whether the run has a slot of its concurrency key, or needs none, or there is one left. */
export function hasSlot({ runs }: ModelStore, { slot, holdsSlot }: ModelRun): boolean {
  if (slot === null || holdsSlot !== null) return true;
  return runs.filter((run) => run.holdsSlot === 'own' && run.slot!.key === slot.key).length < slot.limit;
}

/** A claim gives a run to a worker, or a start does. */
export function give(run: ModelRun, worker: WorkerId): void {
  Object.assign(run, { status: 'running', owner: worker, readyAt: null, begun: true, passes: false });
  if (run.slot !== null) run.holdsSlot ??= 'own';
}

export type CommitOutcome = 'stored' | 'purged' | 'position taken' | 'callback closed';

/** What the store says to a commit, and if it is stored, all that it does to its own run but leave it. */
export function append(run: ModelRun, request: ModelCommit, mutation: Mutation | null = null): CommitOutcome {
  const outcome = outcomeOf(run, request, mutation);
  const { by, position, count, taken, open, close, ends } = request;
  if (outcome === 'stored' || mutation === 'refused commit takes facts') {
    run.inbox = run.inbox.filter(({ number }) => number > taken);
  }
  if (outcome !== 'stored') return outcome;
  run.journal = { ...run.journal, length: position + count, by, ended: ends };
  run.open = [...run.open, ...open].filter((one) => !close.includes(one));
  return outcome;
}

function outcomeOf(
  run: ModelRun,
  { position, open, close }: ModelCommit,
  mutation: Mutation | null,
): CommitOutcome {
  if (run.status === 'purged') return 'purged';
  if (position < run.journal.length && mutation !== 'no position check') return 'position taken';
  const canClose = close.every((one) => run.open.includes(one) || open.includes(one));
  return canClose || mutation === 'close of a completed callback' ? 'stored' : 'callback closed';
}

/** The runs that an ended run awaited had its slot with it: those that have begun have one of their own now. */
export function inheritSlot(children: readonly ModelRun[]): void {
  for (const child of children) {
    if (child.holdsSlot === 'shared') child.holdsSlot = child.begun ? 'own' : null;
  }
}

/** What a stored commit does last: its run is given up, or ends. The answer is what it leaves for the one that goes on. */
export function leave(
  run: ModelRun,
  { at, release, end }: ModelCommit,
  mutation: Mutation | null = null,
): ModelRun['inbox'] {
  if (release !== null) {
    const { status, seen } = release;
    const isWoken =
      mutation !== 'release ignores seen' &&
      run.inbox.some(({ number, kind }) => number > seen && wakes(status, true, kind));
    const readyAt = isWoken ? Math.min(release.readyAt ?? at, at) : release.readyAt;
    Object.assign(run, { status, owner: null, readyAt, seen, passes: false });
  }
  if (end === null) return [];
  const left = run.inbox;
  const drops = mutation === 'the end drops events';
  Object.assign(run, { status: end, owner: null, readyAt: null, open: [], passes: false });
  run.inbox = left.filter(({ kind }) => fateAtEnd(end, kind) === 'kept' && !drops);
  if (mutation !== 'the end keeps the slot') run.holdsSlot = null;
  return left.filter(({ kind }) => fateAtEnd(end, kind) === 'passed on');
}

/** Puts a fact into a run's inbox, unless the answer says why not. */
export function deliver(
  run: ModelRun,
  kind: FactKind,
  now: number,
  text?: string,
): ReturnType<typeof refusalOf> {
  const refusal = refusalOf(run.status, kind);
  if (refusal === null) put(run, kind, now, text);
  return refusal;
}

/** Puts a fact into the inbox of a run that is known to take it. */
export function put(run: ModelRun, kind: FactKind, now: number, text?: string): void {
  run.delivered++;
  run.inbox.push({ number: run.delivered, kind, ...(text === undefined ? {} : { text }) });
  if (kind === 'reopen') run.status = 'queued';
  const isUnowned = run.owner === null && !isFinal(run.status);
  const isCancel = kind === 'cancel' || kind === 'forced cancel';
  if (isCancel && isUnowned && !run.begun) run.passes = true;
  if (isUnowned && wakes(run.status, run.begun, kind)) run.readyAt = Math.min(run.readyAt ?? now, now);
}

/** A fact for whoever has that callback open; the answer is whose it is. */
export function complete<R extends ModelRun>(
  { runs }: ModelStore<R>,
  callback: string,
  kind: FactKind,
): R | null {
  const run = runs.find(({ open }) => open.includes(callback));
  if (run === undefined) return null;
  if (kind === 'callback') run.open = run.open.filter((one) => one !== callback);
  return run;
}

export function isRegistered({ workers }: ModelStore, worker: WorkerId): boolean {
  return workers.some(({ id }) => id === worker);
}

/** False: the worker is not known any more. */
export function heartbeat({ workers }: ModelStore, id: WorkerId, expiresAt: number): boolean {
  const worker = workers.find((one) => one.id === id);
  if (worker !== undefined) worker.expiresAt = expiresAt;
  return worker !== undefined;
}

/** A worker leaves: what it owns is ready. */
export function retire(
  store: ModelStore,
  worker: WorkerId,
  now: number,
  mutation: Mutation | null = null,
): void {
  store.workers = store.workers.filter(({ id }) => id !== worker);
  if (mutation === 'expire frees no runs') return;
  for (const run of store.runs) {
    if (run.owner === worker) Object.assign(run, { owner: null, status: 'queued', readyAt: now });
  }
}

/** Those leave whose lease has run out. */
export function expire(store: ModelStore, now: number): WorkerId[] {
  const left = store.workers.filter(({ expiresAt }) => expiresAt <= now).map(({ id }) => id);
  for (const worker of left) retire(store, worker, now);
  return left;
}

/** A ready run that no worker fits; what came for it before does not wake it any more. */
export function strand(run: ModelRun, now: number): boolean {
  const isReady = run.owner === null && run.readyAt !== null && run.readyAt <= now;
  if (!isReady || isForced(run)) return false;
  Object.assign(run, { status: 'stuck', readyAt: null, seen: run.delivered });
  return true;
}

/** A worker has come that fits the run. */
export function unstrand(run: ModelRun, now: number): boolean {
  if (run.status !== 'stuck') return false;
  Object.assign(run, { status: 'queued', readyAt: Math.min(run.readyAt ?? now, now) });
  return true;
}

export function purge(run: ModelRun): boolean {
  if (!isFinal(run.status)) return false;
  Object.assign(run, { status: 'purged', inbox: [], open: [] });
  run.journal = { ...run.journal, length: 0, by: null, ended: false };
  return true;
}
