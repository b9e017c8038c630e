import { allEnded, check, isSettled } from './state-promises.ts';
import type { State } from './state.ts';
import type { Mutation } from './store-model.ts';
import { Violation } from './violation.ts';
import { faultMoves, outsideMoves } from './world-rules.ts';
import { workerMoves, type Move } from './worker-rules.ts';

export interface Found {
  readonly states: number;
  readonly depth: number;
  /** What is broken, and the shortest way there, in words; null: nothing is. */
  readonly counterexample: string | null;
}

interface Reached {
  readonly keys: string[];
  readonly depths: number[];
  /** The state before each state, and what led from there. */
  readonly from: number[];
  readonly words: string[];
  /** Whether everything has come to rest in each state, and to its end. */
  readonly settled: boolean[];
  readonly ended: boolean[];
  readonly steps: { readonly from: number; readonly to: number; readonly kind: Move['kind'] }[];
}

/** Visits every state that can be reached, breadth first, so that the first violation has the shortest trace. */
export function search(start: State, mutation: Mutation | null = null): Found {
  const key = keyOf(start);
  const reached: Reached = {
    keys: [key],
    depths: [0],
    from: [-1],
    words: [''],
    settled: [],
    ended: [],
    steps: [],
  };
  const numbers = new Map([[key, 0]]);
  const found = (counterexample: string | null): Found => ({
    states: reached.keys.length,
    depth: reached.depths.at(-1)!,
    counterexample,
  });
  for (let number = 0; number < reached.keys.length; number++) {
    const state = JSON.parse(reached.keys[number]!) as State;
    reached.settled.push(isSettled(state));
    reached.ended.push(allEnded(state));
    const moves = [...workerMoves(state, mutation), ...outsideMoves(state, mutation), ...faultMoves(state)];
    for (const { words, kind, apply } of moves) {
      const next = copyOf(state);
      const broken = whatBreaks(() => apply(next));
      if (broken !== null) return found(told(reached, number, [words, `⇒ ${broken}`]));
      const nextKey = keyOf(next);
      let to = numbers.get(nextKey);
      if (to === undefined) {
        const broken = whatBreaks(() => check(next));
        if (broken !== null) return found(told(reached, number, [words, `⇒ ${broken}`]));
        to = reached.keys.push(nextKey) - 1;
        numbers.set(nextKey, to);
        reached.depths.push(reached.depths[number]! + 1);
        reached.from.push(number);
        reached.words.push(words);
      }
      if (kind !== 'fault') reached.steps.push({ from: number, to, kind });
    }
  }
  return found(lostWait(reached));
}

function whatBreaks(step: () => void): string | null {
  try {
    step();
    return null;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return error.message;
  }
}

/** A fifth of the time that JSON takes for it. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = copyOf(value[key]);
  return copy as T;
}

/** The order in which things are on their way means nothing. */
function keyOf(state: State): string {
  for (const list of [state.activations, state.claims, state.commits, state.workers]) {
    if (list.length > 1) list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return JSON.stringify(state);
}

/** Without faults, everything must be able to come to rest by the workers alone, and to its end with the callers. */
function lostWait(reached: Reached): string | null {
  const stuck = cannotReach(reached, reached.settled, ['work']);
  if (stuck !== -1) return told(reached, stuck, ['⇒ a run has something to do and nobody will ever do it']);
  const endless = cannotReach(reached, reached.ended, ['work', 'outside']);
  return endless === -1 ? null : told(reached, endless, ['⇒ a run can never end']);
}

/** The first state from which no goal can be reached by steps of these kinds; -1: there is none. */
function cannotReach(
  { keys, steps }: Reached,
  isGoal: readonly boolean[],
  kinds: readonly Move['kind'][],
): number {
  const before: number[][] = keys.map(() => []);
  for (const { from, to, kind } of steps) if (kinds.includes(kind)) before[to]!.push(from);
  const can = [...isGoal];
  const open = [...can.keys()].filter((number) => can[number]);
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    for (const one of before[number]!) {
      if (can[one]) continue;
      can[one] = true;
      open.push(one);
    }
  }
  return can.indexOf(false);
}

function told({ from, words }: Reached, last: number, end: string[]): string {
  const way: string[] = [];
  for (let number = last; number > 0; number = from[number]!) way.unshift(words[number]!);
  return [...way, ...end].map((line, index) => `${index + 1}. ${line}`).join('\n');
}
