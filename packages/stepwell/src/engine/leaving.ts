import { StepwellError } from '../model/errors.ts';
import { failureOf } from '../model/failure.ts';
import type { RunChange } from '../store/contract.ts';
import type { Activation } from './activation.ts';
import { stopBodies } from './attempts.ts';
import { waitReasons } from './waiting.ts';

type Release = NonNullable<RunChange['release']>;

/** How a run is given up that can only wait. */
export function releaseOf(activation: Activation): Release {
  const { state, draft, run, started, facts, closing, around } = activation;
  const hasHeldWork = [...state.pending.values()].some(({ attempts }) => attempts === 0);
  return {
    status: state.paused ? 'paused' : 'waiting',
    readyAt: state.paused ? null : hasHeldWork ? draft.at : nextDue(activation),
    waitingFor: waitReasons(state, run, started),
    seen: facts.lastKnown,
    parkedBy: closing ? null : around.worker,
  };
}

function nextDue({ timers, started, beginsAt }: Activation): number | null {
  const timer = timers.first()?.at ?? Number.POSITIVE_INFINITY;
  const next = Math.min(timer, started ? Number.POSITIVE_INFINITY : beginsAt);
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** The run cannot go on with this code: says why, and gives it up until another worker comes. */
export function stick(activation: Activation, error: StepwellError): true {
  const failure = failureOf(error);
  stopBodies(activation, error);
  activation.append({ type: 'run.stuck', error: failure });
  activation.draft.release = {
    status: 'stuck',
    readyAt: null,
    waitingFor: [{ kind: 'stuck', detail: error.message, error: failure }],
    seen: activation.facts.lastKnown,
    parkedBy: null,
    error: failure,
  };
  return true;
}

export function noWorker({ run: { id, workflow, version } }: Activation): StepwellError {
  return new StepwellError(
    'NO_WORKER',
    `The run "${id}" needs workflow "${workflow}" in version "${version}", which is not registered here.`,
  );
}

export function neverSettles({ run }: Activation): StepwellError {
  return new StepwellError(
    'WORKFLOW_NEVER_SETTLES',
    `The workflow "${run.workflow}" waits for something that is not an operation of ctx, so nothing can wake it. ` +
      'Await operations only, and do everything else inside a step.',
  );
}

export function tooManyEvents({ run, around }: Activation): StepwellError {
  return new StepwellError(
    'TOO_MANY_EVENTS',
    `The journal of run "${run.id}" has reached the limit eventsPerRun of ${around.limits.eventsPerRun}. ` +
      'Raise the limit (the run then goes on by itself), and let long runs begin anew with ctx.continueAs.',
  );
}
