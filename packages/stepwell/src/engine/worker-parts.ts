import type { LargePayloads } from '../artifacts/large-payloads.ts';
import type { Limits } from '../model/limits.ts';
import type { Payloads } from '../model/payload.ts';
import type { Store } from '../store/contract.ts';
import type { Instruments } from './instruments.ts';
import type { Runtime } from './runtime.ts';
import type { System } from './system.ts';

export interface WorkerSettings {
  /** For people: who this worker is. */
  readonly name: string;
  readonly queues: readonly string[] | null;
  /** Runs that are active at once. */
  readonly concurrency: number;
  /** Waiting runs that stay in memory. */
  readonly parked: number;
  /** Milliseconds. */
  readonly lease: number;
}

export interface WorkerParts {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly system: System;
  readonly payloads: Payloads;
  readonly limits: Limits;
  /** Keeps payloads that are too large for a journal; null: they are refused. */
  readonly large: LargePayloads | null;
  /** Something went wrong that no caller hears of, and the worker goes on. */
  readonly report: (error: unknown) => void;
  /** Who is told what the engine does; null: nobody. */
  readonly instruments: Instruments | null;
}
