import type { Json } from '../../packages/stepwell/src/model/json.ts';
import { EXAMPLES } from './examples.ts';
import { foretell, foretellVersioned, type Circumstances, type Foretold } from './reference.ts';
import type { PlannedRun, Scenario } from './scenario.ts';

/** What a client was told of a run's end. */
export type Told = { readonly value: Json } | { readonly error: string };

/** What a client was told, and what was to be expected. */
export interface Outcome {
  readonly plan: PlannedRun;
  readonly told: Told;
  readonly foretold: Foretold;
  /** Whether the run ended for good then: no call is under way that opens it again, and it is still there. */
  readonly isFinal: boolean;
}

/** How often the function of a workflow is begun at most, if no operator begins it again. */
function livesOf({ workflow }: PlannedRun): number {
  return workflow === 'retrying' ? 4 : 1;
}

function circumstancesOf({ meddleAt }: PlannedRun, scenario: Scenario): Circumstances {
  const { faults, planned = [], stopAt, deploy } = scenario;
  const calm =
    Object.keys(faults).length === 0 && planned.length === 0 && stopAt === undefined && deploy === undefined;
  return { lives: 1, meddled: meddleAt !== undefined, given: null, calm, mixedCode: deploy !== undefined };
}

function foretellLives(plan: PlannedRun, around: Circumstances): Foretold {
  const { workflow, program, version = '2' } = plan;
  return workflow === 'versioned' ? foretellVersioned(program, version, around) : foretell(program, around);
}

/** How a planned run may end. */
export function foretellRun(plan: PlannedRun, scenario: Scenario): Foretold {
  const { workflow, cancelAt, retried, example, timeout } = plan;
  if (example !== undefined) return { value: { is: EXAMPLES[example]!.gives }, throws: [] };
  const around = { ...circumstancesOf(plan, scenario), lives: livesOf(plan) };
  const first = foretellLives(plan, around);
  const last = retried === true ? foretellLives(plan, { ...around, lives: 2 * around.lives }) : first;
  return {
    value: last.value,
    throws: [
      ...first.throws,
      ...last.throws,
      ...(workflow === 'limited' || timeout !== undefined ? ['RUN_TIMED_OUT'] : []),
      ...(cancelAt === undefined ? [] : ['RUN_CANCELLED']),
    ],
  };
}

/**
 * How a fork of it may end: of the life before it has the outcomes that were there, and does the rest as its first
 * body each.
 * @param given the operation whose result it was told, if it was
 */
export function foretellFork(plan: PlannedRun, scenario: Scenario, given: string | null): Foretold {
  const around = { ...circumstancesOf(plan, scenario), given: given ?? '' };
  const anew = foretellLives(plan, { ...around, lives: livesOf(plan) });
  const later = foretellLives(plan, { ...around, lives: 3 * livesOf(plan) });
  const values = [anew, later].flatMap(({ value }) => (value === null ? [] : [value]));
  const limited = plan.workflow === 'limited' || plan.timeout !== undefined;
  return {
    value: values.length === 0 ? null : { oneOf: values },
    throws: [...anew.throws, ...later.throws, ...(limited ? ['RUN_TIMED_OUT'] : [])],
  };
}
