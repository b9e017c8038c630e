import type { Floor } from './floor.ts';
import type { Limit } from './measurement.ts';

/** Where the engine and the floor keep what they are measured with. */
export interface Backend {
  readonly kind: 'sqlite' | 'postgres';
  /** What `Stepwell.open` takes. Each name is a store of its own, empty at first. */
  address(name: string): string;
  openFloor(): Promise<Floor>;
  /** Commits of one row, beside the store: as little as a durable write can be. */
  openCommits(): Promise<OneRowCommits>;
  /** Bytes that such a store takes on the disk. */
  size(name: string): Promise<number>;
  readonly limits: Readonly<Record<'sequential' | 'throughput' | 'fanout' | 'jobs', Limit | null>>;
}

export interface OneRowCommits {
  commit(n: number): Promise<void>;
  close(): Promise<void>;
}
