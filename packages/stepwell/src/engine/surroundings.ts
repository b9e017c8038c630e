import type { LargePayloads } from '../artifacts/large-payloads.ts';
import type { Limits } from '../model/limits.ts';
import type { Payloads } from '../model/payload.ts';
import type { Activation } from './activation.ts';
import type { Instruments } from './instruments.ts';
import type { Runtime } from './runtime.ts';
import type { System } from './system.ts';

/** What all activations of a worker have in common. */
export interface Surroundings {
  readonly worker: string;
  readonly runtime: Runtime;
  readonly system: System;
  readonly payloads: Payloads;
  readonly limits: Limits;
  readonly instruments: Instruments | null;
  /** Keeps payloads that are too large for a journal; null: they are refused. */
  readonly large: LargePayloads | null;
  /** The activation has something to commit. */
  requestCommit(activation: Activation): void;
  /** The activation is over: nothing of it runs any more. */
  over(activation: Activation, how: Over): void;
}

/** `waiting`: it can be parked. `gone`: it released the run otherwise. `refused`: the store refused a commit. `lost`: it was dropped. */
export type Over = 'waiting' | 'gone' | 'ended' | 'refused' | 'lost';
