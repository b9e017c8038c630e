import type { LogLevel } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { OperationId, OperationKind } from '../model/operation.ts';
import type { FinalStatus, NewRun, RunRecord } from '../model/run.ts';

/**
 * What an engine tells of itself to whoever measures, traces or logs it. It tells facts, after what they say has become
 * durable, and never in a replay. Without instruments nothing of it is made.
 */
export interface Instruments {
  /** Milliseconds of a clock that never goes back: lengths of time are differences of it. */
  readonly now: () => number;
  /** To be quick, since the engine waits for it. What it throws is reported, and disturbs nothing. */
  readonly tell: (fact: EngineFact) => void;
  /**
   * What the calls that an operation makes are to carry as W3C `traceparent`; absent: what the run was started with. The
   * same whenever it is asked for. `beginnings`: how often the function had begun anew.
   */
  readonly traceparentOf?: (run: RunRecord, op: OperationId, beginnings: number) => string;
}

/** `milliseconds`: how long it took. Times (`at`, `…At`) are milliseconds since 1970, by the clock of the store. */
export type EngineFact =
  /** An engine is about to work, with these workflows. Told first. */
  | {
      readonly type: 'opened';
      readonly workflows: readonly { readonly name: string; readonly version: string }[];
    }
  /** A run was put in by this process. `milliseconds`: from the call of its start; null: it was not started alone, or is a child. */
  | { readonly type: 'run started'; readonly run: NewRun; readonly milliseconds: number | null }
  /** A run was taken up; `events` of its journal were fed to its function, 0 if it was parked in memory. */
  | {
      readonly type: 'run activated';
      readonly run: RunRecord;
      readonly parked: boolean;
      readonly events: number;
      readonly milliseconds: number;
    }
  | { readonly type: 'run stuck'; readonly run: RunRecord; readonly error: Failure }
  /**
   * `reopenedAt`: when its present life began, if an operator's retry has reopened it. `overhead`: milliseconds that the
   * engine has added, which is all that lies between a cause (its creation, the end of a body or of a wait) and what came
   * of it (the next body is called, or its end is durable); null: it was replayed or retried, and what was before is not known.
   */
  | {
      readonly type: 'run ended';
      readonly run: RunRecord;
      readonly status: FinalStatus;
      readonly error: Failure | undefined;
      readonly endedAt: number;
      readonly reopenedAt: number | null;
      readonly overhead: number | null;
    }
  | OperationEnded
  /** The body of a step that the function has asked for is called. */
  | {
      readonly type: 'step began';
      readonly run: RunRecord;
      readonly op: OperationId;
      /** What gave the function the turn in which it asked: its start, the end of another step's body, the end of a wait. */
      readonly after: 'start' | 'step' | 'timer' | 'fact';
      /** Since then; after `start`: since the run was created. */
      readonly milliseconds: number;
    }
  /**
   * A wait is over and the function goes on. `milliseconds`: since the time that was waited for, or since this process
   * heard that the fact (an event, a callback's completion, a child's end) was acknowledged.
   */
  | {
      readonly type: 'woken';
      readonly run: RunRecord;
      readonly by: 'timer' | 'fact';
      readonly milliseconds: number;
    }
  /** A line of `ctx.log`. */
  | {
      readonly type: 'logged';
      readonly run: RunRecord;
      readonly op: OperationId | undefined;
      readonly level: LogLevel;
      readonly message: string;
    }
  /** One write of commits: the number of events of each, and how many commits were refused. */
  | {
      readonly type: 'flushed';
      readonly events: readonly number[];
      readonly refused: number;
      readonly milliseconds: number;
    }
  /** The store could not write commits. */
  | { readonly type: 'flush failed'; readonly error: unknown }
  /** The store was asked for ready runs. */
  | { readonly type: 'claimed'; readonly runs: number; readonly milliseconds: number };

export interface OperationEnded {
  readonly type: 'operation ended';
  readonly run: RunRecord;
  readonly op: OperationId;
  /** `item`: an item or branch of a map or parallel. */
  readonly kind: OperationKind | 'item';
  readonly outcome: 'succeeded' | 'failed' | 'cancelled';
  readonly error: Failure | undefined;
  /** Attempts that have begun; 0: it was held to its end. */
  readonly attempts: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How often the function had begun anew. */
  readonly beginnings: number;
  readonly reopenedAt: number | null;
}

/** What instruments throw is reported instead: they look on, and must not stop anything. */
export function harmless(instruments: Instruments, report: (error: unknown) => void): Instruments {
  return {
    ...instruments,
    tell: (fact) => {
      try {
        instruments.tell(fact);
      } catch (error) {
        report(error);
      }
    },
  };
}
