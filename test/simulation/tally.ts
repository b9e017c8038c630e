import { RULES, type Rule } from '../model-check/exercised.ts';
import { DEEDS, type Deed } from './deeds.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { Report } from './world.ts';

type Times<T extends string> = ReadonlyMap<T, number>;

/** What happened in many worlds, added up. Plain data: it can be handed from thread to thread. */
export interface Tally {
  readonly worlds: number;
  readonly bodies: number;
  /** Bodies of workers that had lost the run. */
  readonly zombies: number;
  readonly commits: number;
  readonly refused: number;
  /** The longest that anything took to end when the faults had (ms of virtual time). */
  readonly aftermath: number;
  readonly faults: Times<Fault>;
  readonly deeds: Times<Deed>;
  /** How often each rule of the model moved a store. */
  readonly rules: Times<Rule>;
}

export const NOTHING: Tally = {
  worlds: 0,
  bodies: 0,
  zombies: 0,
  commits: 0,
  refused: 0,
  aftermath: 0,
  faults: new Map(FAULTS.map((fault) => [fault, 0])),
  deeds: new Map(DEEDS.map((deed) => [deed, 0])),
  rules: new Map(RULES.map((rule) => [rule, 0])),
};

/** What happened in one world. */
export function tallyOf(report: Report): Tally {
  const { bodies, zombies, commits, refused, aftermath, faults, deeds } = report;
  const rules = new Map(RULES.map((rule) => [rule, report.rules.times(rule)]));
  return { worlds: 1, bodies, zombies, commits, refused, aftermath, faults, deeds, rules };
}

export function sumOf(a: Tally, b: Tally): Tally {
  return {
    worlds: a.worlds + b.worlds,
    bodies: a.bodies + b.bodies,
    zombies: a.zombies + b.zombies,
    commits: a.commits + b.commits,
    refused: a.refused + b.refused,
    aftermath: Math.max(a.aftermath, b.aftermath),
    faults: timesOf(a.faults, b.faults),
    deeds: timesOf(a.deeds, b.deeds),
    rules: timesOf(a.rules, b.rules),
  };
}

function timesOf<T extends string>(a: Times<T>, b: Times<T>): Times<T> {
  const sum = new Map(a);
  for (const [what, times] of b) sum.set(what, (sum.get(what) ?? 0) + times);
  return sum;
}

export function linesOf(tally: Tally): string[] {
  const { worlds, commits, refused, bodies, zombies, aftermath } = tally;
  return [
    `${worlds} worlds: ${commits} commits (${refused} refused), ${bodies} bodies (${zombies} of workers that had lost the run)`,
    `the longest that anything took to end when the faults had: ${aftermath / 1_000} s of virtual time`,
    'what went wrong:',
    ...columns(tally.faults),
    'what was done:',
    ...columns(tally.deeds),
    'by which rules of the model the stores moved:',
    ...columns(tally.rules),
  ];
}

function columns(times: Times<string>): string[] {
  return [...times].map(([what, count]) => `${String(count).padStart(8)} × ${what}`);
}

/** A run of many worlds in which something never happened proves nothing about it. */
export function missingFrom(times: Times<string>): string[] {
  return [...times].filter(([, count]) => count === 0).map(([what]) => what);
}
