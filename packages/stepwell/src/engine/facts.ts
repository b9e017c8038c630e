import type { CancelCause } from '../model/event.ts';
import { isControl, type Fact, type NumberedFact } from '../model/fact.ts';
import { present } from '../model/fields.ts';
import type { Activation } from './activation.ts';
import { cancelRun, resumeWork } from './attempts.ts';

/** Takes a fact from outside into the journal. One that means nothing any more leaves no trace. */
export function takeFact(activation: Activation, numbered: NumberedFact): void {
  const { fact } = numbered;
  const { state } = activation;
  if (state.paused && !isControl(fact)) {
    activation.facts.hold(numbered);
    return;
  }
  switch (fact.type) {
    case 'event':
      return takeEvent(activation, fact);
    case 'callback':
    case 'child':
      return takeOutcome(activation, fact);
    case 'successor':
      return takeSuccessor(activation, fact);
    case 'heartbeat':
      if (isOpenCallback(activation, fact)) activation.append({ type: 'operation.heartbeat', op: fact.op });
      return;
    case 'cancel':
      return takeCancel(activation, fact);
    case 'pause':
      if (!state.paused) pause(activation, fact);
      return;
    case 'resume':
      return resume(activation);
    case 'reopen':
      // Worked in when the activation was opened.
      return;
  }
}

function pause(activation: Activation, { reason, by }: Extract<Fact, { type: 'pause' }>): void {
  activation.append(present({ type: 'run.paused', reason, by } as const));
}

type Cancel = Extract<Fact, { type: 'cancel' }>;

export function forcedCancel(facts: readonly NumberedFact[]): Cancel | null {
  for (const { fact } of facts) if (fact.type === 'cancel' && fact.force === true) return fact;
  return null;
}

function takeEvent(activation: Activation, fact: Extract<Fact, { type: 'event' }>): void {
  const { state } = activation;
  if (fact.id !== undefined && state.knowsEvent(fact.id)) return;
  const { name, value, id } = fact;
  activation.append(present({ type: 'event.received', name, value, id } as const));
}

function takeOutcome(activation: Activation, fact: Extract<Fact, { type: 'callback' | 'child' }>): void {
  const { op, outcome } = fact;
  const started = activation.state.pending.get(op)?.started;
  const isThisOne =
    fact.type === 'callback' ? started?.callback === fact.callback : started?.child?.id === fact.child;
  if (!isThisOne) return;
  activation.settle(
    outcome.ok
      ? present({ type: 'operation.succeeded', op, value: outcome.value } as const)
      : { type: 'operation.failed', op, error: outcome.error },
  );
}

function takeSuccessor(
  activation: Activation,
  { op, child, by }: Extract<Fact, { type: 'successor' }>,
): void {
  if (activation.state.pending.get(op)?.started.child?.id === child) {
    activation.append({ type: 'operation.continued', op, by });
    return;
  }
  // The wait was given up while the news was on its way: the cancel went to a run that had ended.
  cancelRun(activation, by);
}

function isOpenCallback(
  { state }: Activation,
  { op, callback }: Extract<Fact, { type: 'heartbeat' }>,
): boolean {
  return state.pending.get(op)?.started.callback === callback;
}

function takeCancel(activation: Activation, { cause, reason, force, id }: Cancel): void {
  const { state } = activation;
  // Of what ends it at once nothing is known that could come again.
  if (force !== true && id !== undefined && state.knowsCancel(id)) return;
  const isSecond = state.cancelled === 'request' && cause === 'request';
  if (force === true || isSecond) {
    activation.end = { type: 'forced', reason };
    return;
  }
  if (state.cancelled === null) requestCancel(activation, cause, reason, id);
}

/** The function is told to come to its end; one that has not begun does not begin. */
export function requestCancel(
  activation: Activation,
  cause: CancelCause,
  reason: string | undefined,
  id?: string,
): void {
  resume(activation);
  activation.append(present({ type: 'run.cancel_requested', cause, reason, id } as const));
  if (activation.started) activation.advance({ type: 'cancel', cause, reason });
  else activation.end = { type: 'unbegun' };
}

function resume(activation: Activation): void {
  if (!activation.state.paused) return;
  activation.append({ type: 'run.resumed' });
  resumeWork(activation);
  activation.facts.releaseHeld();
}
