import { durationText } from '../model/duration.ts';
import type { JournalEvent } from '../model/event.ts';
import type { Outcome } from '../model/fact.ts';
import { failureWith, type Failure } from '../model/failure.ts';
import { present } from '../model/fields.ts';
import type { Payload } from '../model/codec.ts';
import type { FinalStatus, NewRun } from '../model/run.ts';
import { retryDelay } from '../policy/retry.ts';
import type { Activation } from './activation.ts';
import { beginDetached, cancelChild, closeCallback, stopBodies } from './attempts.ts';
import { forcedCancel } from './facts.ts';
import type { End } from './runtime.ts';
import { deadlineOf, hardDeadlineOf } from './timing.ts';
import { retryReason } from './waiting.ts';

type Threw = Extract<End, { type: 'threw' }>;
type Continued = Extract<End, { type: 'continued' }>;

/** How a run ends that is taken up, whatever its function would do; null: it goes on. */
export function endsAtOnce(activation: Activation): End | null {
  const forced = forcedCancel(activation.facts.waiting);
  if (forced !== null) return { type: 'forced', reason: forced.reason };
  if (activation.run.startedAt === null) return { type: 'too late' };
  return hardDeadlineOf(activation) <= activation.draft.dueBy ? { type: 'hard timeout' } : null;
}

/** The function has ended, or the run is ended without it: writes what becomes of the run. */
export function finish(activation: Activation, end: End): true {
  const { bodies, state } = activation;
  if (end.type !== 'forced' && end.type !== 'hard timeout') beginDetached(activation);
  for (const operation of state.pending.values()) cancelChild(activation, operation);
  if (bodies.size > 0) stopBodies(activation, new Error(`the run "${activation.run.id}" has ended`));
  switch (end.type) {
    case 'returned':
      return succeed(activation, end.output);
    case 'threw':
      return fail(activation, end);
    case 'continued':
      return continueAs(activation, end);
    case 'forced':
      return cancelled(activation, end.reason, true);
    case 'hard timeout':
      return timedOut(activation, `within its hard timeout of ${durationText(activation.run.hardTimeout!)}`);
    case 'too late':
      return notStarted(activation);
    case 'unbegun':
      return activation.state.cancelled === 'timeout'
        ? timedOut(activation, withinTimeout(activation))
        : cancelled(activation, activation.state.cancelReason, false);
  }
}

function succeed(activation: Activation, output: Payload | undefined): true {
  return close(
    activation,
    'succeeded',
    present({ type: 'run.succeeded', output } as const),
    present({ ok: true, value: output } as const),
  );
}

function fail(activation: Activation, { error, op, retry }: Threw): true {
  const { cancelled: cause, cancelReason } = activation.state;
  // What else was thrown is of the cancel itself.
  const undoFailed = error.code === 'UNDO_FAILED' ? error : undefined;
  if (cause === 'timeout') return timedOut(activation, withinTimeout(activation), undoFailed);
  if (cause !== null) return cancelled(activation, cancelReason, false, undoFailed);
  const failures = activation.state.past.failures + 1;
  const delay = retry === null ? null : retryDelay(retry, failures, () => activation.around.system.random());
  if (delay !== null) return beginLater(activation, error, failures, delay);
  return close(activation, 'failed', present({ type: 'run.failed', error, op } as const), {
    ok: false,
    error,
  });
}

/** The whole function begins again, in a new activation. */
function beginLater(activation: Activation, error: Failure, attempt: number, delay: number): true {
  const until = activation.draft.at + delay;
  for (const operation of activation.state.pending.values()) closeCallback(activation, operation);
  const event = { type: 'run.retrying', attempt, error, until } as const;
  activation.append(event);
  activation.draft.release = {
    status: 'waiting',
    readyAt: Math.min(until, deadlineOf(activation), hardDeadlineOf(activation)),
    waitingFor: [retryReason(event)],
    seen: activation.facts.lastKnown,
    parkedBy: null,
  };
  return true;
}

function withinTimeout({ run }: Activation): string {
  return `within its timeout of ${durationText(run.timeout!)}`;
}

function timedOut(activation: Activation, within: string, cause?: Failure): true {
  const message = `The run "${activation.run.id}" did not end ${within}.`;
  const error = present({ ...failureWith('RUN_TIMED_OUT', message), cause });
  return close(activation, 'timed_out', { type: 'run.timed_out', error }, { ok: false, error });
}

function notStarted(activation: Activation): true {
  const { id, queue, beginBy } = activation.run;
  const message =
    `The run "${id}" had not begun by ${new Date(beginBy ?? 0).toISOString()}, its start deadline. ` +
    `See what held the queue "${queue}" up, and retry it or start it again.`;
  const error = failureWith('RUN_NOT_STARTED', message);
  return close(activation, 'timed_out', { type: 'run.timed_out', error }, { ok: false, error });
}

function cancelled(
  activation: Activation,
  reason: string | undefined,
  forced: boolean,
  cause?: Failure,
): true {
  const { run } = activation;
  const message = `The run "${run.id}" was cancelled${reason === undefined ? '' : `: ${reason}`}.`;
  const error = present({ ...failureWith('RUN_CANCELLED', message), cause });
  const event = present({ type: 'run.cancelled', reason, forced: forced ? true : undefined } as const);
  return close(activation, 'cancelled', event, { ok: false, error });
}

function continueAs(activation: Activation, { input, request }: Continued): true {
  const { run, draft } = activation;
  const id = activation.around.system.uuid();
  const next: NewRun = {
    ...request,
    namespace: run.namespace,
    id,
    readyAt: draft.at,
    input,
    // Whoever awaits this run awaits the one that goes on for it.
    parent: run.parent,
    createdAt: draft.at,
    tags: activation.tags,
    traceparent: run.traceparent,
  };
  draft.startChild({ run: next, refusal: { type: 'resume' } });
  // Events that nobody has taken are for whoever goes on; what is still in the inbox the store passes on.
  for (const { name, value, id: eventId } of activation.state.untakenEvents()) {
    const event = present({ type: 'event', name, value, id: eventId } as const);
    draft.deliver({ namespace: run.namespace, id }, event);
  }
  if (run.parent !== null && run.parent.op !== null) {
    const { key, op } = run.parent;
    draft.deliver({ key }, { type: 'successor', op, child: run.id, by: id });
  }
  return close(activation, 'continued', { type: 'run.continued', by: id }, null, id);
}

function close(
  activation: Activation,
  status: FinalStatus,
  event: JournalEvent,
  outcome: Outcome | null,
  continuedBy: string | null = null,
): true {
  const { run, draft } = activation;
  activation.append(event);
  draft.effects = [];
  draft.end = {
    status,
    output: outcome?.ok === true ? outcome.value : undefined,
    error: outcome?.ok === false ? outcome.error : undefined,
    continuedBy,
    endedAt: draft.at,
  };
  if (outcome !== null && run.parent !== null && run.parent.op !== null) {
    draft.deliver({ key: run.parent.key }, { type: 'child', op: run.parent.op, child: run.id, outcome });
  }
  return true;
}
