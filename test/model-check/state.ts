/**
 * What the model knows. Letters stand for the events of a journal:
 * `A` activated, `O` callback opened, `C` callback completed, `T` callback closed by timeout, `E` event received,
 * `P` step done, `X` cancel requested, `S` succeeded, `K` cancelled, `R` reopened.
 * As facts, `C`, `E`, `X` and `R` are what asks for these events.
 */
export interface State {
  runs: Run[];
  /** Tenures that the store knows as workers. */
  registered: number[];
  /** Those whose lease has run out, whether or not anybody has noticed. */
  late: number[];
  /** The tenure of each worker; 0: the process is down. `lost`: it has ended and its id is to be retired. */
  workers: { tenure: number; lost: boolean }[];
  lastTenure: number;
  activations: Activation[];
  /** Claims that are executed, with answers on their way. */
  claims: Claimed[];
  commits: Flight[];
  /** What callers may still do, and how many faults may still happen. */
  left: Record<'event' | 'cancel' | 'complete' | 'reopen' | 'purge' | 'faults', number>;
  /** Facts whose delivery was acknowledged, by run. */
  acknowledged: string[];
}

type Status = 'queued' | 'running' | 'waiting' | 'succeeded' | 'cancelled' | 'purged';

/** A run in the store. */
export interface Run {
  program: 'callback' | 'event';
  status: Status;
  owner: number;
  ready: boolean;
  /** It waits for a time, and whether that has come. */
  timer: boolean;
  due: boolean;
  callback: 'none' | 'open' | 'closed';
  delivered: number;
  inbox: NumberedFact[];
  /** Its events, the number of its commits, and the tenure that wrote the last one. */
  journal: { events: string; length: number; by: number };
}

/** Number and letter. */
type NumberedFact = [number, string];

/** What a worker has read of a run. */
export interface Claimed {
  tenure: number;
  run: number;
  events: string;
  position: number;
  facts: NumberedFact[];
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

export type Mutation =
  | 'no position check'
  | 'release ignores seen'
  | 'expire frees no runs'
  | 'acknowledge before storing'
  | 'close of a completed callback'
  | 'refused commit takes facts'
  | 'take up an ended run';

export function initial(programs: Run['program'][], left: Partial<State['left']>): State {
  return {
    runs: programs.map((program) => ({
      program,
      status: 'queued',
      owner: 0,
      ready: true,
      timer: false,
      due: false,
      callback: 'none',
      delivered: 0,
      inbox: [],
      journal: { events: '', length: 0, by: 0 },
    })),
    registered: [1, 2],
    late: [],
    workers: [
      { tenure: 1, lost: false },
      { tenure: 2, lost: false },
    ],
    lastTenure: 2,
    activations: [],
    claims: [],
    commits: [],
    left: { event: 0, cancel: 0, complete: 0, reopen: 0, purge: 0, faults: 0, ...left },
    acknowledged: programs.map(() => ''),
  };
}

export function isFinal({ status }: Run): boolean {
  return status === 'succeeded' || status === 'cancelled';
}
