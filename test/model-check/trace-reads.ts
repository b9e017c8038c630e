import type { Commit } from '../../packages/stepwell/src/model/event.ts';
import type { NumberedFact } from '../../packages/stepwell/src/model/fact.ts';
import { sameJson } from '../../packages/stepwell/src/model/json.ts';
import type { RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { RunCriteria, RunQuery } from '../../packages/stepwell/src/store/query.ts';
import type { WorkerRecord } from '../../packages/stepwell/src/store/records.ts';
import type { TracedRun } from './traced-run.ts';
import type { TracedStore } from './traced-store.ts';
import { Violation } from './violation.ts';

/** Steps of a trace that only look: what is shown must be what the model has. */

export function checkFacts(run: TracedRun, answer: readonly NumberedFact[], after: number): void {
  const expected = run.inbox.filter(({ number }) => number > after);
  const isSame = ({ number, fact }: NumberedFact, index: number): boolean =>
    number === expected[index]!.number && sameJson(fact, JSON.parse(expected[index]!.text!));
  if (answer.length === expected.length && answer.every(isSame)) return;
  const shown = answer.map(({ number, fact }) => `${number} ${JSON.stringify(fact)}`);
  const held = expected.map(({ number, text }) => `${number} ${text}`);
  throw new Violation(
    `the inbox of run "${run.given.id}" is shown as [${shown.join(', ')}], where it is [${held.join(', ')}]`,
  );
}

/** The commits that hold position `from` and later ones; at most `limit`. */
export function checkJournal(
  { commits, given }: TracedRun,
  answer: readonly Commit[],
  from: number,
  limit: number,
): void {
  const expected = commits.filter(({ position, count }) => position + count > from).slice(0, limit);
  const shown = answer.map(({ position, at, events }) => `${events.length} at ${position} (${at})`);
  const held = expected.map(({ position, at, count }) => `${count} at ${position} (${at})`);
  if (shown.join() === held.join()) return;
  throw new Violation(
    `the journal of run "${given.id}" is shown from ${from} as [${shown.join(', ')}], where it is [${held.join(', ')}]`,
  );
}

export function checkShown(
  store: TracedStore,
  namespace: string,
  id: string,
  answer: RunRecord | null,
): void {
  const run = store.find(namespace, id);
  if (run === undefined && answer === null) return;
  if (run === undefined || answer === null) {
    throw new Violation(
      `run "${id}" is ${answer === null ? 'not shown, though it exists' : 'shown, though it does not exist'}`,
    );
  }
  store.checkRecord(run, answer);
}

export function checkQuery(store: TracedStore, query: RunQuery, answer: readonly RunRecord[]): void {
  const { namespace, limit, below } = query;
  if (answer.length > limit)
    throw new Violation(`${answer.length} runs are shown, where ${limit} were asked for`);
  for (const record of answer) {
    checkShown(store, namespace, record.id, record);
    if (!isWanted(store.find(namespace, record.id)!, query))
      throw new Violation(`run "${record.id}" is found, though it is not as was asked for`);
  }
  if (below !== undefined || answer.length === limit) return;
  const found = new Set(answer.map(({ id }) => id));
  const missing = store.runs.find((run) => isWanted(run, query) && !found.has(run.given.id));
  if (missing !== undefined)
    throw new Violation(`run "${missing.given.id}" is not found, though it is as was asked for`);
}

function isWanted({ given, status, tags }: TracedRun, criteria: RunCriteria): boolean {
  const { statuses, parent, tag, idContains, createdFrom, createdBefore } = criteria;
  return (
    status !== 'purged' &&
    (['namespace', 'workflow', 'version', 'queue'] as const).every(
      (name) => criteria[name] === undefined || criteria[name] === given[name],
    ) &&
    (statuses === undefined || statuses.includes(status)) &&
    (parent === undefined || given.parent?.key === parent) &&
    (tag === undefined || tags.includes(tag)) &&
    (idContains === undefined || given.id.includes(idContains)) &&
    (createdFrom === undefined || given.createdAt >= createdFrom) &&
    (createdBefore === undefined || given.createdAt < createdBefore)
  );
}

export function checkWorkers({ workers }: TracedStore, answer: readonly WorkerRecord[]): void {
  const [shown, known] = [answer, workers].map((all) =>
    all
      .map(({ id, expiresAt }) => `${id} until ${expiresAt}`)
      .toSorted()
      .join(', '),
  );
  if (shown !== known) throw new Violation(`the workers are shown as [${shown}], where they are [${known}]`);
}

export function checkCount(
  store: TracedStore,
  criteria: RunCriteria,
  answer: Readonly<Record<string, number>>,
): void {
  const expected: Record<string, number> = {};
  for (const run of store.runs) {
    if (isWanted(run, criteria)) expected[run.status] = (expected[run.status] ?? 0) + 1;
  }
  const [shown, counted] = [answer, expected].map((counts) =>
    Object.keys(counts)
      .toSorted()
      .map((status) => `${counts[status]} ${status}`)
      .join(', '),
  );
  if (shown !== counted) {
    throw new Violation(`the runs are counted as [${shown}], where they are [${counted}]`);
  }
}

/** All that the real store shows, run by run. Asks it for the callbacks last, with heartbeats: they change it. */
export async function compareAll(traced: TracedStore, store: Store): Promise<void> {
  checkWorkers(traced, await store.workers());
  const runs = traced.runs.filter(({ status }) => status !== 'purged');
  for (const run of runs) {
    const { namespace, id } = run.given;
    checkShown(traced, namespace, id, await store.get(namespace, id));
    checkFacts(run, await store.facts(run.key!, 0), 0);
    const journal = await store.journal(run.key!, 0, Number.MAX_SAFE_INTEGER);
    checkJournal(run, journal, 0, Number.POSITIVE_INFINITY);
    const texts = journal.map(({ events }) => JSON.stringify(events));
    if (texts.join() !== run.commits.map(({ events }) => events).join())
      throw new Violation(`the journal of run "${id}" does not hold what was committed`);
  }
  for (const namespace of new Set(runs.map(({ given }) => given.namespace))) {
    checkCount(traced, { namespace }, await store.count({ namespace }));
  }
  for (const callback of traced.callbacks.keys()) {
    const isOpen = runs.some(({ open }) => open.includes(callback));
    const [answer] = await store.deliver([
      { to: { callback }, now: traced.latest, fact: { type: 'heartbeat', callback } },
    ]);
    if (answer!.delivered !== isOpen)
      throw new Violation(
        `callback ${callback} is ${isOpen ? 'closed, where it is open' : 'open, where it is closed'}`,
      );
  }
}
