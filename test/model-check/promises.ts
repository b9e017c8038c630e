import { fateAtEnd, isFinal, wakes } from './fact-rules.ts';
import type { FactKind, ModelCommit, ModelRun } from './store-model.ts';
import { Violation } from './violation.ts';

/** What is promised, of the search's states and of the simulator's traces alike. */
export const PROMISES = [
  'no two commits of a run have one position',
  'only who has activated a run last goes on with it',
  'the journal of a run that has ended does not grow, unless it says first that the run was reopened',
  'a refused commit changes nothing',
  'a run for which a fact has come that wakes it is ready or owned',
  'an acknowledged fact is in the inbox or in the journal, or the end of its run has answered it',
  'no callback is both completed and closed by its timeout',
  'no more runs of a concurrency key go on than it has slots',
  'whatever has something to do can come to rest by the workers alone, and to its end with the callers',
] as const;

/**
 * What holds of each commit that is stored in a run as it was before.
 * @throws Violation
 */
export function checkStored(name: string, before: ModelRun, commit: ModelCommit): void {
  const { journal, status } = before;
  const { position, by, activates, reopens } = commit;
  if (position < journal.length) throw new Violation(`two commits of run ${name} at position ${position}`);
  if (position > journal.length) {
    throw new Violation(
      `a commit of run ${name} at position ${position}, where ${journal.length} is the next`,
    );
  }
  if (!activates && journal.by !== by) {
    throw new Violation(`${by} goes on with run ${name}, which ${journal.by} has activated last`);
  }
  if (isFinal(status)) throw new Violation(`run ${name} has ended, and its journal grows all the same`);
  if (journal.ended && !reopens) {
    throw new Violation(`run ${name} goes on after its end without having been reopened`);
  }
}

/** What holds of each commit that is refused. @throws Violation */
export function checkRefused(name: string, before: string, after: ModelRun): void {
  if (before !== JSON.stringify(after)) throw new Violation(`a refused commit has changed run ${name}`);
}

/**
 * No wait is lost.
 * @param latest the latest time of all clocks: a run that is ready by then is ready
 * @throws Violation
 */
export function checkAwake(name: string, run: ModelRun, latest: number): void {
  const { status, owner, readyAt, begun, inbox, seen } = run;
  if (owner !== null || isFinal(status) || (readyAt !== null && readyAt <= latest)) return;
  const missed = inbox.find(({ number, kind }) => number > seen && wakes(status, begun, kind));
  if (missed === undefined) return;
  throw new Violation(
    `run ${name} sleeps (${status}), though fact ${missed.number} has come: ${missed.kind}`,
  );
}

/** Whether a fact that is in no inbox and in no journal had to be in one of them. */
export function isOwed({ status }: ModelRun, kind: FactKind): boolean {
  return status !== 'purged' && (!isFinal(status) || fateAtEnd(status, kind) === 'kept');
}
