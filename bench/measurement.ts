import type { Backend } from './backend.ts';

/** One figure of one workload. What does not apply is null. */
export interface Measurement {
  readonly workload: string;
  readonly unit: string;
  /** The median over the rounds, or the one value there is. */
  readonly value: number;
  /** Of the single samples, in the same unit: half of them, and all but 1 %, are as good as this or better. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** What it was measured beside, in the same unit: the bare skeleton, or the same thing while small or alone. */
  readonly floor: number | null;
  readonly limit: Limit | null;
}

/** What the value may be: as a multiple of the floor, or, for `noLess`, by itself. */
export type Limit = { readonly atMost: number } | { readonly atLeast: number } | { readonly noLess: number };

/** A workload yields its figures as it gets them. */
export type Workload = (setup: Setup) => AsyncIterable<Measurement>;

export interface Setup {
  readonly backend: Backend;
  /** Few rounds and small sizes. */
  readonly quick: boolean;
}

export function ratioOf({ value, floor }: Measurement): number | null {
  return floor === null ? null : value / floor;
}

export function isMet(measurement: Measurement): boolean {
  const { limit } = measurement;
  if (limit === null) return true;
  if ('noLess' in limit) return measurement.value >= limit.noLess;
  const ratio = ratioOf(measurement);
  if (ratio === null) return true;
  return 'atMost' in limit ? ratio <= limit.atMost : ratio >= limit.atLeast;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** The sample below which that share of all lies; with few samples, the nearest one. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const sample = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (sample === undefined) throw new Error('there are no samples');
  return sample;
}
