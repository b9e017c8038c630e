import type { Activation } from './activation.ts';
import { takeOutcomeOf } from './attempts.ts';
import { takeFact } from './facts.ts';
import { finish } from './finish.ts';
import { neverSettles, stick, tooManyEvents } from './leaving.ts';
import { beginsAt, takeDue } from './timing.ts';

/**
 * One piece of work of a live activation; false if there is none. What follows from what is known comes first, then what
 * was heard from outside, the beginning, what bodies have given, and what is due.
 */
export function work(activation: Activation): boolean {
  if (activation.broken === null && activation.draft.position >= activation.around.limits.eventsPerRun)
    activation.broken = tooManyEvents(activation);
  if (activation.broken !== null) return stick(activation, activation.broken);
  if (activation.end !== null) return finish(activation, activation.end);
  const settlement = activation.settlements.shift();
  if (settlement !== undefined) {
    activation.settle(settlement);
    return true;
  }
  const pair = activation.state.nextPair();
  if (pair !== null) {
    activation.settle({ type: 'operation.succeeded', ...pair });
    return true;
  }
  const fact = activation.facts.next();
  if (fact !== undefined) {
    activation.observation?.factComes();
    takeFact(activation, fact);
    return true;
  }
  if (!activation.state.paused && begin(activation)) return true;
  const arrival = activation.arrivals.shift();
  if (arrival !== undefined) {
    activation.observation?.bodyEnded(arrival.at);
    takeOutcomeOf(activation, arrival.body, arrival.outcome);
    return true;
  }
  return takeDue(activation) || sticksForEver(activation);
}

function begin(activation: Activation): boolean {
  const { started, draft, state, around } = activation;
  if (started || beginsAt(activation) > draft.dueBy) return false;
  activation.started = true;
  activation.observation?.begins();
  activation.append({ type: 'run.started', seed: state.seed === '' ? around.system.uuid() : state.seed });
  activation.advance({ type: 'start', input: activation.input() });
  return true;
}

function sticksForEver(activation: Activation): boolean {
  const { started, state, bodies } = activation;
  if (!started || state.pending.size > 0 || bodies.size > 0) return false;
  return stick(activation, neverSettles(activation));
}
