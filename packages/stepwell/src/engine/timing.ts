import { durationText } from '../model/duration.ts';
import type { JournalEvent } from '../model/event.ts';
import { failureWith } from '../model/failure.ts';
import type { OperationId } from '../model/operation.ts';
import type { Timer } from '../policy/timers.ts';
import type { PendingOperation, RunState } from '../replay/state.ts';
import type { Activation } from './activation.ts';
import { beginAttempt, letGo } from './attempts.ts';
import { requestCancel } from './facts.ts';

/** What a timer of a run is about. `deadline`, `hard deadline`: the run's own timeouts. */
export type Due =
  | { readonly type: 'until' | 'retry' | 'heartbeat'; readonly op: OperationId }
  | { readonly type: 'deadline' }
  | { readonly type: 'hard deadline' };

/** When the run has taken too long. */
export function deadlineOf(activation: Activation): number {
  return beganAt(activation) + (activation.run.timeout ?? Number.POSITIVE_INFINITY);
}

/** When it is ended at once. */
export function hardDeadlineOf(activation: Activation): number {
  return beganAt(activation) + (activation.run.hardTimeout ?? Number.POSITIVE_INFINITY);
}

function beganAt({ run: { startedAt, createdAt }, state }: Activation): number {
  return state.past.reopenedAt ?? startedAt ?? createdAt;
}

/** A fact may wake a run that waits for its next beginning; that does not make it begin earlier. */
export function beginsAt({ state }: Activation): number {
  return state.past.retrying?.until ?? 0;
}

/** Sets the timers of the run's own timeouts. */
export function addDeadlines(activation: Activation): void {
  const { run, timers } = activation;
  if (run.timeout !== null) timers.add(deadlineOf(activation), { type: 'deadline' });
  if (run.hardTimeout !== null) timers.add(hardDeadlineOf(activation), { type: 'hard deadline' });
}

/** Sets the timers that an event gives rise to. */
export function addTimers({ state, timers }: Activation, event: JournalEvent): void {
  if (event.type === 'operation.started') {
    const { op, until, heartbeat } = event;
    if (!state.pending.has(op)) return;
    if (until !== undefined) timers.add(until, { type: 'until', op });
    if (heartbeat !== undefined) timers.add(state.pending.get(op)!.at + heartbeat, { type: 'heartbeat', op });
  } else if (event.type === 'operation.retrying') {
    timers.add(event.until, { type: 'retry', op: event.op });
  } else if (event.type === 'operation.heartbeat') {
    const operation = state.pending.get(event.op);
    const heartbeat = operation?.started.heartbeat;
    if (heartbeat !== undefined)
      timers.add(operation!.heartbeatAt + heartbeat, { type: 'heartbeat', op: event.op });
  }
}

/** Whether nothing has happened since that makes the timer void. */
export function isCurrent(state: RunState, { at, subject }: Timer<Due>): boolean {
  if (subject.type === 'hard deadline') return true;
  if (subject.type === 'deadline') return state.cancelled === null;
  const operation = state.pending.get(subject.op);
  if (operation === undefined) return false;
  if (subject.type === 'retry') return operation.retryAt === at;
  if (subject.type === 'heartbeat') return at === operation.heartbeatAt + operation.started.heartbeat!;
  return true;
}

/** Works on the earliest timer that is due; false if none is. */
export function takeDue(activation: Activation): boolean {
  if (activation.state.paused || activation.timers.first() === null) return false;
  const due = activation.timers.takeDue(activation.draft.dueBy);
  if (due === null) return false;
  if (due.type === 'deadline') {
    requestCancel(
      activation,
      'timeout',
      `it took longer than its timeout of ${durationText(activation.run.timeout!)}`,
    );
    return true;
  }
  if (due.type === 'hard deadline') {
    activation.end = { type: 'hard timeout' };
    return true;
  }
  const operation = activation.state.pending.get(due.op)!;
  if (due.type === 'retry') {
    beginAttempt(activation, operation);
    return true;
  }
  activation.observation?.timerIsDue(dueAtOf(operation, due.type));
  if (due.type === 'until' && operation.started.kind === 'sleep')
    activation.settle({ type: 'operation.succeeded', op: due.op });
  else giveUp(activation, operation, due.type);
  return true;
}

function dueAtOf({ started, heartbeatAt }: PendingOperation, because: 'until' | 'heartbeat'): number {
  return because === 'until' ? started.until! : heartbeatAt + started.heartbeat!;
}

function giveUp(activation: Activation, operation: PendingOperation, because: 'until' | 'heartbeat'): void {
  const { op, kind } = operation.started;
  const error =
    because === 'until'
      ? failureWith('WAIT_TIMED_OUT', `The ${kind} "${op}" did not come within its timeout.`)
      : failureWith(
          'HEARTBEAT_MISSED',
          `The callback "${op}" had no heartbeat for ${operation.started.heartbeat} ms.`,
        );
  letGo(activation, operation, error);
  activation.settle({ type: 'operation.failed', op, error });
}
