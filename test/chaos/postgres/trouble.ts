import type { Chance } from '../../simulation/chance.ts';
import type { Witness } from '../store.ts';
import type { Site } from './site.ts';

/** One thing that can befall a server. */
export interface Trouble {
  /** For people, in the plural. */
  readonly name: string;
  /** Whether there is time for it in a short test. */
  readonly isBrief: boolean;
  /** Strikes once, and has put all right again when it resolves; the answer is whether anybody felt it. */
  strike(): Promise<boolean>;
}

export interface TroubleParts {
  readonly site: Site;
  readonly chance: Chance;
  readonly witness: Witness;
}

const FELT_WITHIN_MS = 5_000;
const LOOK_MS = 20;

/** Resolves once it is seen, or after that time; the answer is whether it is. */
export async function seen(what: () => boolean, withinMs = FELT_WITHIN_MS): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await pause(LOOK_MS)) if (what()) return true;
  return what();
}

export const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** To be called before something is done; what it gives tells whether the store has refused anybody anything since. */
export function refusalsSince({ refusals }: Witness): (words?: string) => boolean {
  const before = refusals().length;
  return (words = '') =>
    refusals()
      .slice(before)
      .some((message) => message.includes(words));
}
