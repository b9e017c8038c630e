import { StepwellError } from '../model/errors.ts';
import { failureOf } from '../model/failure.ts';
import type { RunChange } from '../store/commit.ts';
import { present } from '../model/fields.ts';
import { cutsOff } from '../replay/turn.ts';
import type { Activation } from './activation.ts';
import { stopBodies } from './attempts.ts';
import { beginsAt } from './timing.ts';
import { waitReasons } from './waiting.ts';

type Release = NonNullable<RunChange['release']>;

/**
 * A run that is stuck is tried again by itself (ms), though a worker that enlists wakes it too: in a rolling deploy the last
 * new worker may have enlisted when an old one takes the run up and does not fit it. After as long again as it has been
 * stuck, so that a year of it costs some 3,000 events. Not where the same code would take another way each time
 * ({@link cutsOff}).
 */
const FIRST_TRY_AGAIN = 60_000;
const LAST_TRY_AGAIN = 6 * 60 * 60_000;

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

function nextDue(activation: Activation): number | null {
  const timer = activation.timers.first()?.at ?? Number.POSITIVE_INFINITY;
  const next = Math.min(timer, activation.started ? Number.POSITIVE_INFINITY : beginsAt(activation));
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** The run cannot go on with this code: says why, and gives it up until another worker comes or it is tried again. */
export function stick(activation: Activation, error: StepwellError): true {
  const failure = failureOf(error);
  stopBodies(activation, error);
  const event = { type: 'run.stuck', error: failure } as const;
  activation.append(event);
  const until = cutsOff(event) ? undefined : triedAgainAt(activation);
  activation.draft.release = {
    status: 'stuck',
    readyAt: until ?? null,
    waitingFor: [present({ kind: 'stuck', detail: error.message, until, error: failure } as const)],
    seen: activation.facts.lastKnown,
    parkedBy: null,
    error: failure,
  };
  return true;
}

function triedAgainAt({ draft: { at }, stuckSince }: Activation): number {
  return at + Math.min(Math.max(at - (stuckSince ?? at), FIRST_TRY_AGAIN), LAST_TRY_AGAIN);
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
