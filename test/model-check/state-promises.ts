import { isFinal } from './fact-rules.ts';
import { checkAwake, isOwed } from './promises.ts';
import { clockOf, LETTERS, type Run, type State } from './state.ts';
import type { FactKind } from './store-model.ts';
import { hasSlot, isClaimable } from './store-rules.ts';
import { Violation } from './violation.ts';

/** What holds in every state of the search. @throws Violation */
export function check(state: State): void {
  for (const [index, run] of state.runs.entries()) {
    for (const [kind, letter] of Object.entries(LETTERS)) {
      if (!state.acknowledged[index]!.includes(letter)) continue;
      if (isLost(run, kind as FactKind, letter))
        throw new Violation(`the acknowledged fact ${letter} of run ${index} is lost`);
    }
    if (run.events.includes('T') && (run.events + state.acknowledged[index]).includes('C')) {
      throw new Violation(`the callback of run ${index} was completed and timed out`);
    }
    checkAwake(String(index), run, clockOf(run));
    checkSlots(state, run);
  }
}

function isLost(run: Run, kind: FactKind, letter: string): boolean {
  return isOwed(run, kind) && !run.inbox.some((fact) => fact.kind === kind) && !run.events.includes(letter);
}

function checkSlots({ runs }: State, { slot }: Run): void {
  if (slot === null) return;
  const { length } = runs.filter(
    (run) => (run.owner !== null || run.status === 'waiting') && !isCancelled(run),
  );
  if (length > slot.limit) throw new Violation(`${length} runs go on, where ${slot.limit} may`);
}

/** One that was cancelled before it began needed no slot. */
function isCancelled({ inbox, events }: Run): boolean {
  return events.includes('X') || inbox.some(({ kind }) => kind === 'cancel');
}

/** Nobody has anything to do: each run has ended, or waits for what nobody has told it yet. */
export function isSettled(state: State): boolean {
  if (state.activations.length > 0 || state.claims.length > 0) return false;
  return state.runs.every(
    (run) =>
      isOver(run) ||
      isBlocked(state, run) ||
      (run.owner === null && !isClaimable(state, run, clockOf(run)) && run.inbox.length === 0),
  );
}

/** Each run has ended, or waits for an event that no caller has left to send, or behind such a one. */
export function allEnded(state: State): boolean {
  return state.runs.every((run) => {
    if (isOver(run)) return true;
    const waits = run.status === 'waiting' || isBlocked(state, run);
    return run.program === 'event' && waits && state.left.event === 0 && isSettled(state);
  });
}

/** Another run has the slot, and has not ended. */
function isBlocked(state: State, run: Run): boolean {
  const isBehind = state.runs.some((other) => other !== run && other.holdsSlot !== null && !isOver(other));
  return run.owner === null && isBehind && !hasSlot(state, run);
}

function isOver({ status }: Run): boolean {
  return isFinal(status) || status === 'purged';
}
