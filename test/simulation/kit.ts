import type { Chance } from './chance.ts';
import { SIDE_QUEUE } from './interpret.ts';
import type { Version } from './program.ts';

/** What a worker process was deployed with. */
export interface Kit {
  /** Whether its code knows the patches of programs. */
  readonly isNewCode: boolean;
  /** Of the workflow that exists in two versions. */
  readonly versions: readonly Version[];
  /** Which queues it serves; null: all. */
  readonly queues: readonly string[] | null;
}

/** Workers that have not all of the newest yet. */
export interface Deploy {
  /** `old`: all have the code of before; `mixed`: each process has what it happens to have. */
  readonly first: 'old' | 'mixed';
  /** When whoever has not all of the newest makes room for one who has (ms). */
  readonly until: number;
}

export const NEWEST: Kit = { isNewCode: true, versions: ['1', '2'], queues: null };

const OLDEST: Kit = { isNewCode: false, versions: ['1'], queues: null };

export function kitBefore({ first }: Deploy, chance: Chance): Kit {
  if (first === 'old') return OLDEST;
  return {
    isNewCode: chance.happens(0.5),
    versions: chance.oneOf([['1'], ['2'], ['1', '2'], []] as const),
    queues: chance.oneOf([null, null, ['default'], [SIDE_QUEUE], ['default', SIDE_QUEUE]]),
  };
}
