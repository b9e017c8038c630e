import { parseArgs } from 'node:util';
import { PLANTS } from './planted.ts';
import type { Plant } from './plants/plant.ts';
import { readScenario, writeScenario } from './scenario-file.ts';
import type { Scenario } from './scenario.ts';
import { type OpenStore, STORES } from './stores.ts';
import { SWEEPS } from './sweeps.ts';

/** What a world is made of besides its scenario. */
export interface Circumstances {
  readonly store: string;
  /** Name of the bug that is put in; null: none. */
  readonly planted: string | null;
  /** Address of an empty database, if the store needs one; see database.ts. */
  readonly database?: string;
}

/** What the command line asks for: `main.ts` says what each means. */
export interface Command extends Circumstances {
  readonly task:
    | { readonly do: 'seeds'; readonly count: number }
    | { readonly do: 'seed'; readonly seed: number; readonly shrunk: boolean }
    | { readonly do: 'scenario'; readonly scenario: Scenario }
    | { readonly do: 'sweep'; readonly name: string }
    | { readonly do: 'find'; readonly planted: string };
}

/** @throws Error that says what is wrong with the arguments */
export function parseCommand(args: readonly string[]): Command {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      shrunk: { type: 'boolean', default: false },
      scenario: { type: 'string' },
      sweep: { type: 'string' },
      planted: { type: 'string' },
      store: { type: 'string', default: 'memory' },
    },
  });
  const store = demandName(STORES, values.store, 'store');
  const planted = values.planted === undefined ? null : demandName(PLANTS, values.planted, 'planted bug');
  return { task: taskOf(values), store, planted };
}

interface Values {
  readonly seeds?: string;
  readonly seed?: string;
  readonly shrunk: boolean;
  readonly scenario?: string;
  readonly sweep?: string;
  readonly planted?: string;
}

function taskOf({ seeds, seed, shrunk, scenario, sweep, planted }: Values): Command['task'] {
  if (scenario !== undefined) return { do: 'scenario', scenario: readScenario(scenario) };
  if (seed !== undefined) return { do: 'seed', seed: demandCount(seed, '--seed'), shrunk };
  if (shrunk) throw new Error('--shrunk needs a --seed');
  if (sweep !== undefined) return { do: 'sweep', name: demandName(SWEEPS, sweep, 'sweep') };
  if (planted !== undefined && seeds === undefined) return { do: 'find', planted };
  return { do: 'seeds', count: demandCount(seeds ?? '200', '--seeds') };
}

function demandCount(text: string, option: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${option} must be a whole number from 1 on, not "${text}"`);
}

function demandName(things: Readonly<Record<string, unknown>>, name: string, what: string): string {
  if (name in things) return name;
  throw new Error(`there is no ${what} "${name}", but: ${Object.keys(things).join(', ')}`);
}

/** The store and the bug of these names. */
export function groundOf({ store, planted, database }: Circumstances): {
  open: OpenStore;
  plant: Plant | null;
} {
  return { open: () => STORES[store]!(database), plant: planted === null ? null : PLANTS[planted]! };
}

/** The arguments that bring about a seed's world again. */
export function seedArguments(seed: number, circumstances: Circumstances): string[] {
  return ['--seed', String(seed), ...argumentsOf(circumstances)];
}

/** The arguments that bring about exactly this world again: the scenario is kept in a file. */
export function scenarioArguments(
  scenario: Scenario,
  circumstances: Circumstances,
  directory?: string,
): string[] {
  return ['--scenario', writeScenario(scenario, directory), ...argumentsOf(circumstances)];
}

/** The arguments that bring about the crash matrix of a program again. */
export function sweepArguments(name: string, circumstances: Circumstances): string[] {
  return ['--sweep', name, ...argumentsOf(circumstances)];
}

function argumentsOf({ store, planted }: Circumstances): string[] {
  return [
    ...(store === 'memory' ? [] : ['--store', store]),
    ...(planted === null ? [] : ['--planted', planted]),
  ];
}

/** As it is typed. */
export function commandLine(args: readonly string[]): string {
  return `npm run sim -- ${args.map((arg) => (/^[\w./:-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`;
}
