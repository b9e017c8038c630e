// Everything here that depends on the kind of store: how an engine opens it, where it lies, what befalls it besides
// killed engines. Another kind joins by another address and another Adversity.

import { join } from 'node:path';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { Chance } from '../simulation/chance.ts';
import { mountedDirectory, quotaDisk, smallDisk } from './disk.ts';
import { FullDisk } from './full-disk.ts';
import { openWithQuota } from './quota.ts';

/** What is seen from outside, as counts that only grow. */
export interface Witness {
  /** Engines that were started. */
  readonly lives: () => number;
  /** What the store refused: to users, and to anybody. */
  readonly refusedCalls: () => number;
  readonly refused: () => number;
  readonly readsWhileStruck: () => number;
  /** Starts that were acknowledged, and results that were told. */
  readonly acknowledged: () => number;
  readonly told: () => number;
}

/** What befalls a store. */
export interface Adversity {
  /** For people: what it is, and how it is done here. */
  readonly name: string;
  /** Strikes again and again until then, and leaves the store as it should be. */
  strike(until: number): Promise<void>;
  /** Whether it has struck, and the store has not been put right yet. */
  readonly isStriking: boolean;
  /** Whether a call, or a worker, may be told this code since then. */
  explains(code: string | null, since: number): boolean;
  readonly figures: Readonly<Record<string, number>>;
  /** What of it went wrong. */
  readonly surprises: readonly string[];
}

export interface StoreUnderChaos {
  /** What engines are told to open. */
  readonly address: string;
  adversity(chance: Chance, witness: Witness): Adversity;
}

const WITH_QUOTA = 'quota:';

/** @param directory where it lies if there is no small disk */
export function sqliteUnderChaos(directory: string): StoreUnderChaos {
  const mounted = mountedDirectory();
  const path = join(mounted ?? directory, 'stepwell.db');
  const disk = mounted === null ? quotaDisk(path) : smallDisk(mounted);
  return {
    address: mounted === null ? `${WITH_QUOTA}${path}` : `sqlite:${path}`,
    adversity: (chance, witness) => new FullDisk({ disk, path, chance, witness }),
  };
}

/** In the engine's process. */
export function openAt(address: string): string | Store {
  return address.startsWith(WITH_QUOTA) ? openWithQuota(address.slice(WITH_QUOTA.length)) : address;
}

/** For whoever reads the store when all is over. */
export function plainAddressOf(address: string): string {
  return address.replace(WITH_QUOTA, 'sqlite:');
}
