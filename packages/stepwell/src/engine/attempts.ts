import type { Payload } from '../model/codec.ts';
import { StepwellError } from '../model/errors.ts';
import { failureOf, failureWith, type Failure } from '../model/failure.ts';
import type { OperationId } from '../model/operation.ts';
import { pollDelay, retryDelay } from '../policy/retry.ts';
import type { PendingOperation } from '../replay/state.ts';
import type { Activation } from './activation.ts';
import { Body } from './bodies.ts';
import type { Effect } from './draft.ts';
import type { Performed, Reconciled } from './runtime.ts';

/**
 * Attempts of steps and checks of conditions.
 *
 *   asked ──▶ in flight ──value──▶ succeeded
 *     │ held     │  ▲  └──error, no attempt left──▶ failed
 *     └─(resume)─┘  └──retrying (due later) ◀──error / not yet
 *
 * A crash leaves an attempt in flight: it is begun again, unless it may run at most once.
 */

export type BodyOutcome = { readonly performed: Performed } | { readonly reconciled: Reconciled };

/** Begins what a durable commit allows. */
export function beginEffect(activation: Activation, { type, op }: Effect): void {
  const { state, around, execution, run } = activation;
  const operation = state.pending.get(op);
  if (operation === undefined || execution === null) return;
  const undone = state.past.undone.get(op) ?? 0;
  const body = new Body(run.id, op, operation.attempts, undone, around.payloads.decode(operation.details));
  activation.bodies.set(op, body);
  if (type === 'reconcile') {
    execution.reconcile(op, body, (reconciled) => activation.arrive(body, { reconciled }));
    return;
  }
  const timeout = activation.asks.get(op)?.timeout;
  if (timeout !== undefined)
    body.limitTo(around.system.timer(timeout, () => timeOut(activation, body, timeout)));
  activation.observation?.bodyBegins(op);
  execution.perform(op, body, (performed) => activation.arrive(body, { performed }));
}

function timeOut(activation: Activation, body: Body, timeout: number): void {
  const error = new StepwellError(
    'STEP_TIMED_OUT',
    `An attempt of step "${body.op}" took longer than ${timeout} ms.`,
  );
  const retryable = activation.execution!.isRetryable(body.op, error);
  const performed: Performed = { type: 'error', error: failureOf(error), retryable };
  body.stop(error);
  activation.arrive(body, { performed });
}

/** What became of a body that ran here. */
export function takeOutcomeOf(activation: Activation, body: Body, outcome: BodyOutcome): void {
  const operation = activation.state.pending.get(body.op);
  if (operation === undefined) return;
  if ('reconciled' in outcome) return takeReconciled(activation, operation, outcome.reconciled);
  const { performed } = outcome;
  if (performed.type === 'value') return succeed(activation, operation, performed.value);
  saveHeartbeat(activation, body);
  if (performed.type === 'not yet') return pollAgain(activation, operation);
  tryAgain(activation, operation, performed.error, performed.retryable);
}

function succeed(activation: Activation, operation: PendingOperation, result: unknown): void {
  const { op, kind } = operation.started;
  let value: Payload | undefined;
  try {
    value = activation.around.payloads.encode(result, `result of ${kind} "${op}"`);
  } catch (error) {
    // Only the attempt fails: a later one may return less, or be run by code that was mended.
    const retryable = activation.execution!.isRetryable(op, error as Error);
    return tryAgain(activation, operation, failureOf(error), retryable);
  }
  activation.settle(
    value === undefined ? { type: 'operation.succeeded', op } : { type: 'operation.succeeded', op, value },
  );
}

function tryAgain(
  activation: Activation,
  operation: PendingOperation,
  error: Failure,
  retryable: boolean,
): void {
  const { op } = operation.started;
  const { system } = activation.around;
  const policy = retryable ? activation.asks.get(op)?.retry : undefined;
  const delay = retryDelay(policy, operation.failures + 1, () => system.random());
  if (delay === null) return activation.settle({ type: 'operation.failed', op, error });
  const until = activation.draft.at + delay;
  activation.append({ type: 'operation.retrying', op, attempt: operation.attempts, until, error });
}

function pollAgain(activation: Activation, operation: PendingOperation): void {
  const { op } = operation.started;
  const until = activation.draft.at + pollDelay(activation.asks.get(op)!.poll!, operation.failures + 1);
  activation.append({ type: 'operation.retrying', op, attempt: operation.attempts, until });
}

function saveHeartbeat(activation: Activation, { op, unsaved }: Body): void {
  if (unsaved === undefined) return;
  activation.append({ type: 'operation.heartbeat', op, details: unsaved });
}

function takeReconciled(activation: Activation, operation: PendingOperation, reconciled: Reconciled): void {
  const { op } = operation.started;
  if (reconciled.type === 'done') return succeed(activation, operation, reconciled.value);
  if (reconciled.type === 'not done') {
    // A pause came meanwhile: it is asked about again when the run goes on. Said, so that the run is given up until then.
    if (activation.state.paused) activation.append({ type: 'operation.heartbeat', op });
    else beginAttempt(activation, operation);
    return;
  }
  activation.settle({ type: 'operation.failed', op, error: uncertain(op, reconciled.error) });
}

/** The next attempt goes on record; its body begins when that is durable. */
export function beginAttempt(activation: Activation, operation: PendingOperation): void {
  const { op } = operation.started;
  activation.append({ type: 'operation.attempt', op, attempt: operation.attempts + 1 });
  activation.draft.effects.push({ type: 'perform', op });
}

/** After a replay or a pause: work that is on record and not under way is begun. */
export function resumeWork(activation: Activation): void {
  if (activation.state.paused) return;
  const beginning = activation.beginning();
  for (const operation of activation.state.pending.values()) {
    const { started, attempts, inFlight } = operation;
    if (activation.bodies.has(started.op) || beginning.has(started.op)) continue;
    if (attempts === 0) beginHeld(activation, operation);
    else if (inFlight && (started.kind === 'step' || started.kind === 'condition'))
      beginAgain(activation, operation);
  }
}

function beginHeld(activation: Activation, operation: PendingOperation): void {
  if (operation.started.kind !== 'child') return beginAttempt(activation, operation);
  activation.append({ type: 'operation.attempt', op: operation.started.op, attempt: 1 });
  activation.beginAsk(operation.started.op);
}

/** Detached children that are held begin with the run's end at the latest: whoever asked for them has gone on. */
export function beginDetached(activation: Activation): void {
  for (const operation of activation.state.pending.values())
    if (operation.started.child?.detached === true) beginHeld(activation, operation);
}

/** A crash, or the worker's stop, cut the attempt off. */
function beginAgain(activation: Activation, operation: PendingOperation): void {
  const { op, atMostOnce } = operation.started;
  if (atMostOnce === undefined) return beginAttempt(activation, operation);
  if (activation.asks.get(op)?.reconcilable === true)
    activation.draft.effects.push({ type: 'reconcile', op });
  else activation.settlements.push({ type: 'operation.failed', op, error: uncertain(op) });
}

function uncertain(op: OperationId, cause?: Failure): Failure {
  const failure = failureWith(
    'STEP_UNCERTAIN',
    `A crash cut off an attempt of step "${op}", which may run at most once: whether it took effect is not known.`,
  );
  return cause === undefined ? failure : { ...failure, cause };
}

/** The function does not wait for the operation any more. */
export function abandon(activation: Activation, op: OperationId, live: boolean): void {
  const operation = activation.state.pending.get(op);
  if (operation === undefined) return;
  if (!live) {
    activation.state.remove(op);
    return;
  }
  activation.append({ type: 'operation.cancelled', op });
  letGo(
    activation,
    operation,
    new StepwellError('OPERATION_CANCELLED', `The operation "${op}" was cancelled.`),
  );
}

/** Stops or closes whatever an operation has outside the run. */
export function letGo(activation: Activation, operation: PendingOperation, reason: unknown): void {
  const { op } = operation.started;
  const body = activation.bodies.get(op);
  activation.bodies.delete(op);
  body?.stop(reason);
  activation.draft.dropEffect(op);
  closeCallback(activation, operation);
  cancelChild(activation, operation);
}

export function closeCallback({ draft, settlements }: Activation, { started }: PendingOperation): void {
  if (started.kind !== 'callback') return;
  // One that is about to be given its old outcome, or was refused, was never opened: to close it would be refused.
  if (!settlements.some(({ op }) => op === started.op)) draft.closeCallback(started.callback!);
}

/** A child that is awaited does not outlive the wait. */
export function cancelChild(activation: Activation, { started, attempts }: PendingOperation): void {
  const { child } = started;
  if (child !== undefined && attempts > 0) cancelRun(activation, child.id);
}

export function cancelRun({ draft, run }: Activation, id: string): void {
  const reason = `its parent "${run.id}" does not wait for it any more`;
  draft.deliver({ namespace: run.namespace, id }, { type: 'cancel', cause: 'parent', reason });
}

export function stopBodies({ bodies }: Activation, reason: unknown): void {
  for (const body of bodies.values()) body.stop(reason);
  bodies.clear();
}
