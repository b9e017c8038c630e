import { sameJson, type Json } from '../../packages/stepwell/src/model/json.ts';
import {
  actionsOf,
  eventValues,
  GIFTS,
  type Action,
  type CallbackAction,
  type EventAction,
  type Program,
  type StepAction,
  type Version,
} from './program.ts';

/** What a value may be. */
export type Pattern =
  | { readonly is: Json }
  | { readonly list: readonly Pattern[] }
  | { readonly oneOf: readonly Pattern[] }
  /** So many of them, and no more; the others were cancelled. */
  | { readonly quorum: number; readonly of: readonly Pattern[] };

/** How a program may end: with such a value (null: it cannot end well), or with an error of such a description. */
export interface Foretold {
  readonly value: Pattern | null;
  readonly throws: readonly string[];
}

/** What is known of a run besides its program. */
export interface Circumstances {
  /** How often the function as a whole is begun at most. */
  readonly lives: number;
  /** Somebody meddles with its children. */
  readonly meddled: boolean;
  /** A fork was told what this operation gives. */
  readonly given: string | null;
  /** Nothing goes wrong: what comes in time is taken in time. */
  readonly calm: boolean;
  /** Of which code the processes are that perform it: all of the new, or some of the old. */
  readonly mixedCode: boolean;
}

/** What a fork is told that an operation gave. */
export const GIVEN = 'given by hand';

/**
 * What a run of a program leads to, whatever crashes on the way: a second, tiny implementation of all that `ctx`
 * promises.
 */
export function foretell(program: Program, around: Circumstances): Foretold {
  const { value, throws } = foretellProgram(program, around);
  const cannotBeUndone = actionsOf(program).some((action) => action.do === 'step' && action.undo === 'fails');
  return { value, throws: cannotBeUndone ? [...throws, 'UNDO_FAILED'] : throws };
}

/** Of the workflow that tells in which version it ended; what goes on as another run may have become a newer one. */
export function foretellVersioned(program: Program, version: Version, around: Circumstances): Foretold {
  const last = program.findIndex((action) => action.do === 'continue');
  const next = program[last];
  if (next?.do !== 'continue') {
    const { value, throws } = foretell(program, around);
    return { value: value && { list: [{ is: `version ${version}` }, value] }, throws };
  }
  const { throws } = foretell(program.slice(0, last), around);
  const successors = (version === '1' ? (['1', '2'] as const) : (['2'] as const)).map((later) =>
    foretellVersioned(next.program, later, around),
  );
  return foretellEither(successors, throws);
}

function foretellProgram(program: Program, around: Circumstances): Foretold {
  const results: Pattern[] = [];
  const throws: string[] = [];
  for (const action of program) {
    const outcome =
      action.do === 'continue' ? foretell(action.program, around) : foretellAction(action, around);
    throws.push(...outcome.throws);
    if (outcome.value === null || action.do === 'continue') return { value: outcome.value, throws };
    results.push(outcome.value);
  }
  return { value: { list: results }, throws };
}

function foretellAction(action: Exclude<Action, { do: 'continue' }>, around: Circumstances): Foretold {
  const { lives } = around;
  switch (action.do) {
    case 'step':
      return foretellStep(action, around);
    case 'once':
      return action.reconcile ? is(`${action.name} done`) : is(`${action.name} done`, 'uncertain');
    case 'sleep':
      return is('slept');
    case 'event':
      return foretellEvent(action);
    case 'callback':
      return foretellCallback(action, around);
    case 'condition': {
      const holds = is(`${action.name} holds`);
      if (action.checks === 'never') return throws('WAIT_TIMED_OUT');
      return action.timeout === undefined ? holds : { ...holds, throws: ['WAIT_TIMED_OUT'] };
    }
    case 'child':
      return foretellChild(action, around);
    case 'group':
      return foretellProgram(action.program, around);
    case 'detached':
      return is('started');
    case 'parallel': {
      const all = foretellAll(action.branches.map((branch) => foretellProgram(branch, around)));
      if (action.timeout === undefined) return all;
      return { ...all, throws: [...groupFailure(all.throws), 'GROUP_TIMED_OUT'] };
    }
    case 'all':
      return foretellAll(action.branches.map((branch) => foretellProgram(branch, around)));
    case 'quorum': {
      const branches = action.branches.map((branch) => foretellProgram(branch, around));
      const throws = branches.flatMap((branch) => branch.throws);
      const of = branches.map(({ value }) => (value === null ? FAILED : orFailed(value, throws)));
      return { value: { quorum: action.need, of }, throws: groupFailure(throws) };
    }
    case 'map':
      return foretellMap(action, around);
    case 'race':
      return foretellEither(action.branches.map((branch) => foretellProgram(branch, around)));
    case 'tell':
      return is('told');
    case 'recall':
      // A function that begins anew is given the step's old result at a later time, and what is side by side in one
      // group may come to its draws in another order.
      return lives === 1 ? is('same') : is('same', 'later', 'different');
    case 'patch': {
      const after = foretellProgram(action.after, around);
      return around.mixedCode ? foretellEither([foretellProgram(action.before, around), after]) : after;
    }
    case 'throw':
      return throws(`SimulatedError: ${action.message}`);
    case 'try':
      return foretellTry(foretellProgram(action.program, around));
  }
}

function is(...values: Json[]): Foretold {
  return { value: { oneOf: values.map((value) => ({ is: value })) }, throws: [] };
}

function throws(...errors: string[]): Foretold {
  return { value: null, throws: errors };
}

function foretellStep(step: StepAction, around: Circumstances): Foretold {
  const { lives, given } = around;
  const { name, failures, attempts = 1, gives } = step;
  const done = is(gives === undefined ? `${name} done` : gives === 'nothing' ? gives : GIFTS[gives]);
  // In its other life, or in another item of a map, it is done as ever.
  if (given?.split('/').at(-1) === name)
    return foretellEither([is(GIVEN), foretellStep(step, { ...around, given: null })]);
  if (failures === 'fatal') return throws(`FatalError: ${name} failed`);
  return failures === 'always' || failures >= attempts * lives
    ? throws(`SimulatedError: ${name} failed`)
    : done;
}

function foretellEvent({ name, missing, times, timeout }: EventAction): Foretold {
  if (missing === true) return throws('WAIT_TIMED_OUT');
  const raised: Foretold =
    times === undefined ? is(`${name} raised`) : { value: { is: eventValues(name, times) }, throws: [] };
  return timeout === undefined ? raised : { ...raised, throws: ['WAIT_TIMED_OUT'] };
}

function foretellCallback(action: CallbackAction, around: Circumstances): Foretold {
  const { name, answer, timeout, heartbeat, beats, value = `${name} answered`, meanwhile } = action;
  const silence = [
    ...(timeout === undefined ? [] : ['WAIT_TIMED_OUT']),
    // Who shows that he is alive must not be given up, unless something goes wrong.
    ...(heartbeat === undefined || (beats !== undefined && around.calm) ? [] : ['HEARTBEAT_MISSED']),
  ];
  const before = meanwhile === undefined ? [] : foretellProgram(meanwhile, around).throws;
  if (answer === 'never') return throws(...before, ...silence);
  if (answer === 'fail') return throws(...before, `SimulatedError: ${name} refused`, ...silence);
  return { value: { is: value }, throws: [...before, ...silence] };
}

/** The child itself has one life, and nobody meddles with what it has of its own beyond that. */
function foretellChild(
  { program, id, taken, timeout, version }: Extract<Action, { do: 'child' }>,
  around: Circumstances,
): Foretold {
  const itself = { ...around, lives: 1, given: null };
  const { value, throws } =
    version === undefined ? foretell(program, itself) : foretellVersioned(program, version, itself);
  // A later life, or one that is a fork, may not start again what was there before.
  const isFirst = around.lives === 1 && around.given === null && !around.meddled;
  return {
    value: taken === true && isFirst ? null : value,
    throws: [
      ...(taken === true && isFirst ? [] : throws),
      ...(around.meddled ? ['RUN_CANCELLED'] : []),
      ...(timeout === undefined ? [] : ['RUN_TIMED_OUT']),
      ...(taken === true || (id !== undefined && around.lives > 1) ? ['RUN_ID_TAKEN'] : []),
    ],
  };
}

function foretellAll(branches: readonly Foretold[]): Foretold {
  const values = branches.flatMap(({ value }) => (value === null ? [] : [value]));
  return {
    value: values.length === branches.length ? { list: values } : null,
    throws: branches.flatMap((branch) => branch.throws),
  };
}

/** One of them decides what comes of it. */
function foretellEither(branches: readonly Foretold[], before: readonly string[] = []): Foretold {
  const values = branches.flatMap(({ value }) => (value === null ? [] : [value]));
  return {
    value: values.length === 0 ? null : { oneOf: values },
    throws: [...before, ...branches.flatMap((branch) => branch.throws)],
  };
}

function foretellMap(map: Extract<Action, { do: 'map' }>, around: Circumstances): Foretold {
  if (map.failing.length > map.tolerate) return throws('GROUP_FAILED');
  const ofItem = foretellProgram(map.program, around);
  if (ofItem.value === null) return throws('GROUP_FAILED');
  const late = map.itemTimeout === undefined ? [] : ['ITEM_TIMED_OUT'];
  const item = orFailed(ofItem.value, [...ofItem.throws, ...late]);
  const items = Array.from({ length: map.items }, (_, index) =>
    map.failing.includes(index) ? FAILED : item,
  );
  return { value: { list: items }, throws: map.tolerate === map.items ? [] : groupFailure(ofItem.throws) };
}

const FAILED: Pattern = { is: 'failed' };

/** An item of a group that looks at outcomes. */
function orFailed(value: Pattern, throws: readonly string[]): Pattern {
  return throws.length === 0 ? value : { oneOf: [value, FAILED] };
}

/** What such a group throws, if too many of its items throw anything. */
function groupFailure(throws: readonly string[]): readonly string[] {
  return throws.length === 0 ? [] : ['GROUP_FAILED'];
}

function foretellTry(inside: Foretold): Foretold {
  const caught = inside.throws.map((error) => ({ is: `caught ${error}` }));
  return { value: { oneOf: [...(inside.value === null ? [] : [inside.value]), ...caught] }, throws: [] };
}

export function matches(value: Json | undefined, pattern: Pattern): boolean {
  if ('quorum' in pattern) return isQuorum(value, pattern);
  if ('is' in pattern) return sameJson(value, pattern.is);
  if ('oneOf' in pattern) return pattern.oneOf.some((one) => matches(value, one));
  return (
    Array.isArray(value) &&
    value.length === pattern.list.length &&
    pattern.list.every((one, index) => matches(value[index] as Json, one))
  );
}

function isQuorum(value: Json | undefined, { quorum, of }: Extract<Pattern, { quorum: number }>): boolean {
  if (!Array.isArray(value) || value.length !== of.length) return false;
  const taken = value.filter((one) => one !== 'cancelled' && one !== 'failed').length;
  const fits = of.every(
    (pattern, index) => value[index] === 'cancelled' || matches(value[index] as Json, pattern),
  );
  return fits && taken === Math.min(quorum, of.length);
}
