import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { StartAnswer } from '../../packages/stepwell/src/store/contract.ts';
import type { DeliverAnswer, Delivery } from '../../packages/stepwell/src/store/delivery.ts';
import { complete, isRegistered, purge } from './store-rules.ts';
import { canBeOwnedAtOnce, kindOfFact, type TracedRun } from './traced-run.ts';
import type { TracedStore } from './traced-store.ts';
import { Violation } from './violation.ts';

/** Steps of a trace that clients make: start, deliver, purge. */

export function traceStart(
  store: TracedStore,
  given: NewRun,
  owner: string | undefined,
  answer: StartAnswer,
): void {
  const existing = store.find(given.namespace, given.id);
  if (answer.created === (existing !== undefined)) {
    const how = existing === undefined ? 'there is no such run yet' : 'the run exists';
    throw new Violation(`a start of "${given.id}" is answered with created ${answer.created}, though ${how}`);
  }
  if (!answer.created) {
    store.checkRecord(existing!, answer.existing);
    store.exercised.note('start: the run exists');
    return;
  }
  const run = store.insert(given);
  store.bind(run, answer.key);
  const owned = owner !== undefined && canBeOwnedAtOnce(given) && isRegistered(store, owner);
  if (answer.owned !== owned) {
    throw new Violation(
      `a start of "${given.id}" is answered with owned ${answer.owned}, where it is ${owned}`,
    );
  }
  if (owned) store.give(run, owner);
  store.exercised.note(owned ? 'start: a new run is owned at once' : 'start: a new run');
}

export function traceDelivery(store: TracedStore, { to, now, fact }: Delivery, answer: DeliverAnswer): void {
  const kind = kindOfFact(fact);
  let run: TracedRun | undefined;
  let text = JSON.stringify(fact);
  if ('callback' in to) {
    run = complete(store, to.callback, kind) ?? undefined;
    text = JSON.stringify({ ...fact, op: store.callbacks.get(to.callback) });
    if (run !== undefined && kind === 'callback') store.exercised.note('deliver: completes a callback');
  } else run = store.resolve(to);
  const expected = run === undefined ? 'unknown' : store.deliver(run, kind, now, text);
  const told = answer.delivered ? null : answer.because;
  if (told !== expected) {
    const [was, is] = [told, expected].map((one) => one ?? 'delivered');
    throw new Violation(
      `${kind} for ${JSON.stringify(to)} is answered with ${was}, where it is ${is}${run === undefined ? '' : ` (${run.status})`}`,
    );
  }
  if (expected !== null) store.exercised.note(`deliver: ${expected}`);
  if (answer.delivered) store.bind(run!, answer.run);
}

export function tracePurge(store: TracedStore, namespace: string, id: string, answer: boolean): void {
  const run = store.find(namespace, id);
  const purged = run !== undefined && purge(run);
  if (purged !== answer) {
    throw new Violation(
      `a purge of "${id}" is answered with ${answer}, where it is ${purged} (${run?.status})`,
    );
  }
  if (purged) run.commits.length = 0;
  store.exercised.note(purged ? 'purge: done' : 'purge: refused');
}
