import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import { isFinal, isForced } from './fact-rules.ts';
import { hasSlot, isOutOfTurn, isRegistered } from './store-rules.ts';
import { checkFacts, checkJournal } from './trace-reads.ts';
import { byUrgency, type TracedRun } from './traced-run.ts';
import { fits, type TracedStore } from './traced-store.ts';
import { Violation } from './violation.ts';

/** A step of a trace by which a worker gets runs: those that are ready and that it fits, the most urgent first. */
export function traceClaim(store: TracedStore, request: ClaimRequest, answer: ClaimAnswer): void {
  const { worker, limit, now } = request;
  if (!isRegistered(store, worker)) {
    store.exercised.note('claim: by an unknown worker');
    if (answer.runs.length > 0 || answer.nextReadyAt !== null)
      throw new Violation(`${worker}, which is not registered, is given runs`);
    return;
  }
  const candidates = store.runs.filter(
    (run) => run.owner === null && run.readyAt !== null && (isForced(run) || fits(request, run)),
  );
  checkNextReadyAt(
    store,
    candidates.filter(({ readyAt }) => readyAt! > now),
    answer.nextReadyAt,
  );
  const ready = candidates.filter(({ readyAt }) => readyAt! <= now).toSorted(byUrgency);
  const given = [...answer.runs];
  for (const run of ready) {
    const mayBeGiven = isOutOfTurn(run) || hasSlot(store, run);
    if (!mayBeGiven) {
      run.blocked = true;
      store.exercised.note('claim: no slot');
    }
    if (!mayBeGiven) continue;
    const next = given[0];
    if (answer.runs.length - given.length >= limit) store.exercised.note('claim: the limit is reached');
    else if (next !== undefined && isOf(next, run)) take(store, run, given.shift()!, worker);
    else if (!run.blocked) throw passedOver(run, request, next);
  }
  if (given.length > 0) throw wronglyGiven(store, given[0]!, request);
}

function passedOver({ given, readyAt }: TracedRun, { worker }: ClaimRequest, next?: ClaimedRun): Violation {
  const instead = next === undefined ? '' : `, but "${next.run.id}" is`;
  return new Violation(`run "${given.id}" is ready since ${readyAt} and not given to ${worker}${instead}`);
}

function isOf({ run: { namespace, id } }: ClaimedRun, { given }: TracedRun): boolean {
  return id === given.id && namespace === given.namespace;
}

function take(store: TracedStore, run: TracedRun, claimed: ClaimedRun, worker: string): void {
  const isParkedHere = run.parkedBy === worker;
  const isByForce = isForced(run);
  store.give(run, worker);
  store.checkRecord(run, claimed.run);
  if ((claimed.journal === null) !== isParkedHere) {
    throw new Violation(
      `run "${run.given.id}" is given ${claimed.journal === null ? 'without' : 'with'} its journal to ${worker}, who has ${isParkedHere ? '' : 'not '}parked it`,
    );
  }
  if (claimed.journal !== null) checkJournal(run, claimed.journal, 0, Number.POSITIVE_INFINITY);
  checkFacts(run, claimed.facts, 0);
  store.exercised.note('claim: given');
  if (isParkedHere) store.exercised.note('claim: given to who parked it');
  if (isByForce) store.exercised.note('claim: given by force');
}

/** Runs that wait for a slot the store may have put aside. */
function checkNextReadyAt(store: TracedStore, future: readonly TracedRun[], answer: number | null): void {
  const sure = future.filter((run) => run.slot === null || run.holdsSlot !== null || isOutOfTurn(run));
  const first = sure.length === 0 ? null : Math.min(...sure.map(({ readyAt }) => readyAt!));
  const isOfBlocked =
    answer !== null && (first === null || answer < first) && future.some(({ readyAt }) => readyAt === answer);
  if (answer !== first && !isOfBlocked) {
    throw new Violation(`the next run is said to be ready at ${answer}, where it is ${first}`);
  }
  if (answer !== null) store.exercised.note('claim: a next time');
}

function wronglyGiven(
  store: TracedStore,
  { run: { namespace, id } }: ClaimedRun,
  request: ClaimRequest,
): Violation {
  const run = store.find(namespace, id);
  const it = `run "${id}" is given to ${request.worker}`;
  if (run === undefined) return new Violation(`${it}, which does not exist`);
  const { owner, readyAt, status, slot } = run;
  const place = `${status}, ready at ${readyAt}, owned by ${owner}`;
  if (isFinal(status)) return new Violation(`${it}, which has ended (${status})`);
  if (owner !== null) return new Violation(`${it}, which is owned already (${place})`);
  if (readyAt === null || readyAt > request.now)
    return new Violation(`${it} at ${request.now}, before it is ready (${place})`);
  if (!isForced(run) && !fits(request, run)) return new Violation(`${it}, which does not fit it`);
  if (slot !== null && !isOutOfTurn(run) && !hasSlot(store, run))
    return new Violation(`${it}, for which there is no slot (${place})`);
  return new Violation(`${it} out of its turn, or beyond the limit of ${request.limit} (${place})`);
}
