import { isClaimable } from './store-rules.ts';
import { isFinal, type Commit, type Run, type State } from './state.ts';
import { Violation } from './violation.ts';

/** What holds in every state. @throws Violation */
export function check(state: State): void {
  for (const [index, run] of state.runs.entries()) {
    if (run.status === 'purged') continue;
    for (const fact of new Set(state.acknowledged[index])) {
      if (isLost(run, fact)) throw new Violation(`the acknowledged fact ${fact} of run ${index} is lost`);
    }
    const { events } = run.journal;
    if (events.includes('T') && (events.includes('C') || state.acknowledged[index]!.includes('C'))) {
      throw new Violation(`the callback of run ${index} was completed and timed out`);
    }
  }
}

/** What holds of each commit that is stored in a run as it was before. @throws Violation */
export function checkStored(before: Run, { run, tenure, position, events }: Commit): void {
  const { journal } = before;
  if (position !== journal.length) throw new Violation(`two commits of run ${run} at position ${position}`);
  if (!/^R?A/.test(events) && journal.by !== tenure) {
    throw new Violation(`${tenure} goes on with run ${run} where another worker has activated it`);
  }
  if (isFinal(before)) throw new Violation(`run ${run} has ended, and its journal grows all the same`);
  if (/[SK]$/.test(journal.events) && !events.startsWith('R')) {
    throw new Violation(`run ${run} goes on after its end without having been reopened`);
  }
}

/** What holds of each commit that is refused. @throws Violation */
export function checkRefused(before: Run, after: Run, { run }: Commit): void {
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    throw new Violation(`a refused commit has changed run ${run}`);
  }
}

function isLost(run: Run, fact: string): boolean {
  if (run.inbox.some(([, one]) => one === fact) || run.journal.events.includes(fact)) return false;
  return !isFinal(run) || (run.status === 'cancelled' && fact === 'E');
}

/** Nobody has anything to do: each run has ended, or waits for what nobody has told it yet. */
export function isSettled({ runs, activations, claims }: State): boolean {
  if (activations.length > 0 || claims.length > 0) return false;
  return runs.every(
    (run) =>
      isFinal(run) ||
      run.status === 'purged' ||
      (run.owner === 0 && !isClaimable(run) && run.inbox.length === 0),
  );
}

/** Each run has ended, or waits for an event that no caller has left to send. */
export function allEnded(state: State): boolean {
  const { runs, left } = state;
  return runs.every((run) => {
    if (isFinal(run) || run.status === 'purged') return true;
    return run.program === 'event' && left.event === 0 && isSettled(state);
  });
}
