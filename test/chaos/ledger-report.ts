/** All calls with one idempotency key. */
export interface Entry {
  readonly key: string;
  /** What every call of this key is told; null: none of them had an effect. */
  receipt: number | null;
  /** The receipt that this one takes back. */
  undoes?: number;
  /** Calls by attempt. */
  readonly calls: Record<number, number>;
}

export interface LedgerReport {
  readonly entries: readonly Entry[];
  /** Lives of the engine that made calls. */
  readonly lives: readonly number[];
  /** Lives of the engine that ended while a call was under way. */
  readonly livesCutOff: number;
}
