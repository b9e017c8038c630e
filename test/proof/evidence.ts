import type { Figures } from '../model-check/figures.ts';
import type { Row } from '../simulation/crash-matrix.ts';
import type { Tally } from '../simulation/tally.ts';
import type { Suites } from './suites.ts';

/** All that a proof has come to; everything on the page is made of it. */
export interface Evidence {
  /** Version of the library, and the format of its journals. */
  readonly engine: string;
  readonly format: number;
  /** Seeds that were lived; every tenth a second time, with the same trace to the byte. */
  readonly seeds: number;
  readonly simulation: Tally;
  readonly matrix: readonly Row[];
  readonly planted: readonly PlantedBug[];
  readonly model: Figures;
  readonly suites: Suites;
}

export interface PlantedBug {
  readonly name: string;
  readonly breaks: string;
  /** The first seed that shows it: so many worlds it took. */
  readonly seed: number;
  /** What was violated, without names and numbers. */
  readonly violation: string;
}
