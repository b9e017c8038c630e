import type { RunKey, RunStatus } from '../model/run.ts';

/** Which runs; what is left out does not matter. */
export interface RunCriteria {
  readonly namespace: string;
  readonly workflow?: string;
  readonly version?: string;
  readonly statuses?: readonly RunStatus[];
  readonly queue?: string;
  readonly parent?: RunKey;
  readonly tag?: string;
  /** A text that is somewhere in the id, as it is written: to find it all ids of the namespace may be read. */
  readonly idContains?: string;
  readonly createdFrom?: number;
  readonly createdBefore?: number;
}

export interface RunQuery extends RunCriteria {
  /** Only runs with a key below this one: where the page before ended. */
  readonly below?: RunKey;
  readonly limit: number;
}
