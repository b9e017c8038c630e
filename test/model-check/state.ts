import type { FactKind, ModelFact, ModelRun, ModelStore, ModelWorker } from './store-model.ts';

/**
 * What the search knows of the whole world. Letters stand for the events of a journal:
 * `A` activated, `O` callback opened, `C` callback completed, `T` callback closed by timeout, `E` event received,
 * `P` step done, `X` cancel requested, `S` succeeded, `K` cancelled, `R` reopened.
 */
export interface State extends ModelStore<Run> {
  /** Tenures that the store knows; of those whose lease has run out it may not have noticed. */
  workers: ModelWorker[];
  /** The tenure of each process; 0: it is down. `lost`: the tenure has ended and its id is to be retired. */
  processes: { tenure: number; lost: boolean }[];
  lastTenure: number;
  activations: Activation[];
  /** Claims that are executed, with answers on their way. */
  claims: Claimed[];
  commits: Flight[];
  /** What callers may still do, and how many faults may still happen. */
  left: Record<'event' | 'cancel' | 'complete' | 'reopen' | 'purge' | 'restart' | 'faults', number>;
  /** Facts whose delivery was acknowledged, as letters, by run. */
  acknowledged: string[];
}

/** The event by which a fact stands in a journal. */
export const LETTERS: Partial<Record<FactKind, string>> = {
  event: 'E',
  cancel: 'X',
  callback: 'C',
  reopen: 'R',
};

/** Times of the search. */
export const NOW = 0;
export const LATER = 1;
/** The one callback of a run. */
export const CALLBACK = 'c';

/** A run in the store. */
export interface Run extends ModelRun {
  program: 'callback' | 'event';
  /** What it waits for until {@link LATER} has come. */
  due: boolean;
  /** Its journal. */
  events: string;
  /** How often the place was taken by a new run after a purge. */
  life: number;
}

/** What a worker has read of a run. */
export interface Claimed {
  tenure: number;
  run: number;
  life: number;
  events: string;
  position: number;
  facts: ModelFact[];
  /** Number of the last fact that it knows. */
  seen: number;
}

/** A run in a worker's memory. */
export interface Activation extends Claimed {
  /** `reading`: its commit was refused, and what is durable was read again. */
  phase: 'opening' | 'live' | 'writing' | 'reading';
  /** Its commit that is on its way; 0: none. */
  flight: number;
  /** It is the one that the tenure has for this run; another may be on its last way. */
  current: boolean;
}

export interface Commit {
  tenure: number;
  run: number;
  life: number;
  position: number;
  events: string;
  taken: number;
  seen: number;
  /** How the run is left. */
  leaves: 'no' | 'released' | 'succeeded' | 'cancelled';
}

export interface Flight extends Commit {
  /** Above 0, of those on their way now. */
  id: number;
  answer: 'none' | 'stored' | 'refused';
}

/** @param slots how many of the runs may go on at the same time; 0: all of them */
export function initial(programs: Run['program'][], left: Partial<State['left']>, slots = 0): State {
  return {
    runs: programs.map((program) => newRun(program, slots)),
    workers: [
      { id: 1, expiresAt: LATER },
      { id: 2, expiresAt: LATER },
    ],
    processes: [
      { tenure: 1, lost: false },
      { tenure: 2, lost: false },
    ],
    lastTenure: 2,
    activations: [],
    claims: [],
    commits: [],
    left: { event: 0, cancel: 0, complete: 0, reopen: 0, purge: 0, restart: 0, faults: 0, ...left },
    acknowledged: programs.map(() => ''),
  };
}

export function newRun(program: Run['program'], slots: number, life = 0): Run {
  return {
    program,
    status: 'queued',
    owner: null,
    readyAt: NOW,
    begun: false,
    due: false,
    open: [],
    delivered: 0,
    inbox: [],
    seen: 0,
    journal: { length: 0, by: null, ended: false },
    events: '',
    slot: slots === 0 ? null : { key: 'k', limit: slots },
    holdsSlot: null,
    passes: false,
    life,
  };
}

/** What time it is for a run: each has a timer of its own. */
export function clockOf({ due }: Run): number {
  return due ? LATER : NOW;
}
