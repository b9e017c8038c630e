import type { Json } from '../../packages/stepwell/src/model/json.ts';
import type { Action, Program } from './program.ts';

/** What a value may be. */
export type Pattern =
  | { readonly is: Json }
  | { readonly list: readonly Pattern[] }
  | { readonly oneOf: readonly Pattern[] };

/** How a program may end: with such a value (null: it cannot end well), or with an error of such a description. */
export interface Foretold {
  readonly value: Pattern | null;
  readonly throws: readonly string[];
}

/**
 * What a program leads to, whatever crashes on the way: a second, tiny implementation of all that `ctx` promises.
 * @param lives how often the function as a whole is begun at most
 */
export function foretell(program: Program, lives = 1): Foretold {
  const results: Pattern[] = [];
  const throws: string[] = [];
  for (const action of program) {
    const outcome =
      action.do === 'continue' ? foretell(action.program, lives) : foretellAction(action, lives);
    throws.push(...outcome.throws);
    if (outcome.value === null || action.do === 'continue') return { value: outcome.value, throws };
    results.push(outcome.value);
  }
  return { value: { list: results }, throws };
}

function foretellAction(action: Exclude<Action, { do: 'continue' }>, lives: number): Foretold {
  switch (action.do) {
    case 'step':
      return action.failures === 'always' || action.failures >= (action.attempts ?? 1) * lives
        ? throws(`SimulatedError: ${action.name} failed`)
        : is(`${action.name} done`);
    case 'once':
      return action.reconcile ? is(`${action.name} done`) : is(`${action.name} done`, 'uncertain');
    case 'sleep':
      return is('slept');
    case 'event':
      return action.missing === true ? throws('WAIT_TIMED_OUT') : is(`${action.name} raised`);
    case 'callback':
      return foretellCallback(action);
    case 'condition':
      return is(`${action.name} holds`);
    case 'child':
      return foretell(action.program);
    case 'group':
      return foretell(action.program, lives);
    case 'detached':
      return is('started');
    case 'parallel':
    case 'all':
      return foretellAll(action.branches.map((branch) => foretell(branch, lives)));
    case 'map':
      return foretellMap(action, lives);
    case 'race':
      return foretellRace(action.branches.map((branch) => foretell(branch, lives)));
    case 'tell':
      return is('told');
    case 'recall':
      // A function that begins anew is given the step's old result at a later time, and what is side by side in one
      // group may come to its draws in another order.
      return lives === 1 ? is('same') : is('same', 'later', 'different');
    case 'throw':
      return throws(`SimulatedError: ${action.message}`);
    case 'try':
      return foretellTry(foretell(action.program, lives));
  }
}

function is(...values: Json[]): Foretold {
  return { value: { oneOf: values.map((value) => ({ is: value })) }, throws: [] };
}

function throws(...errors: string[]): Foretold {
  return { value: null, throws: errors };
}

function foretellCallback({
  name,
  answer,
  timeout,
  heartbeat,
}: Extract<Action, { do: 'callback' }>): Foretold {
  const silence = [
    ...(timeout === undefined ? [] : ['WAIT_TIMED_OUT']),
    ...(heartbeat === undefined ? [] : ['HEARTBEAT_MISSED']),
  ];
  if (answer === 'never') return throws(...silence);
  if (answer === 'fail') return throws(`SimulatedError: ${name} refused`, ...silence);
  return { value: { is: `${name} answered` }, throws: silence };
}

function foretellAll(branches: readonly Foretold[]): Foretold {
  const values = branches.flatMap(({ value }) => (value === null ? [] : [value]));
  return {
    value: values.length === branches.length ? { list: values } : null,
    throws: branches.flatMap((branch) => branch.throws),
  };
}

function foretellRace(branches: readonly Foretold[]): Foretold {
  return {
    value: { oneOf: branches.flatMap(({ value }) => (value === null ? [] : [value])) },
    throws: branches.flatMap((branch) => branch.throws),
  };
}

function foretellMap(map: Extract<Action, { do: 'map' }>, lives: number): Foretold {
  if (map.failing.length > map.tolerate) return throws('GROUP_FAILED');
  const { value } = foretell(map.program, lives);
  if (value === null) throw new Error(`the program of map "${map.name}" must end well`);
  const items = Array.from({ length: map.items }, (_, index) =>
    map.failing.includes(index) ? ({ is: 'failed' } as const) : value,
  );
  return { value: { list: items }, throws: [] };
}

function foretellTry(inside: Foretold): Foretold {
  const caught = inside.throws.map((error) => ({ is: `caught ${error}` }));
  return { value: { oneOf: [...(inside.value === null ? [] : [inside.value]), ...caught] }, throws: [] };
}

export function matches(value: Json | undefined, pattern: Pattern): boolean {
  if ('is' in pattern) return value === pattern.is;
  if ('oneOf' in pattern) return pattern.oneOf.some((one) => matches(value, one));
  return (
    Array.isArray(value) &&
    value.length === pattern.list.length &&
    pattern.list.every((one, index) => matches(value[index] as Json, one))
  );
}
