/** What the application is started with, as JSON. */
export interface SoakSettings {
  readonly path: string;
  /** Runs in flight. */
  readonly users: number;
  /** Runs that wait all the time. */
  readonly standing: number;
  /** How long a run is kept after its end. */
  readonly keepMs: number;
  readonly planted: Planted | null;
}

/** Leaks that the soak must find. */
export const PLANTED = ['results', 'retention', 'readers'] as const;
export type Planted = (typeof PLANTED)[number];

/** New scenarios are begun until either end is reached. */
export interface Round {
  /** From the one that a user begins to the next: what retention keeps must not depend on the machine's speed. */
  readonly pauseMs: number;
  readonly ms: number;
  readonly scenarios: number;
}

/** What the application tells of itself after a round, when nothing is in flight. */
export interface Inside {
  readonly scenarios: number;
  /** Registered ones. */
  readonly workflows: number;
  readonly purged: number;
  /** Bytes after a garbage collection, with what lies outside of the heap. */
  readonly heap: number;
  readonly rss: number;
  readonly files: number | null;
  readonly timers: number;
  readonly listeners: number;
  readonly active: number;
  /** Milliseconds by which the event loop was late during the round. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayMax: number;
  /** What the engine had to complain of. */
  readonly errors: readonly string[];
}
