/** The part of the samples, from the first on, in which caches fill, code is compiled, and files reach their size. */
const WARM_UP = 1 / 3;

/** How much a figure may grow over all the samples after the warm-up: so much, or such a part of what it is. */
export interface Bound {
  readonly absolute: number;
  readonly relative: number;
}

export interface Trend {
  /** The median of the samples after the warm-up. */
  readonly level: number;
  /** From the first of them to the last, along the line that fits best. */
  readonly growth: number;
  readonly allowed: number;
}

/**
 * The slope is the median of the slopes between all pairs of samples (Theil and Sen): up to 29 % of the samples may be
 * far off, as a sample of memory is now and then, without moving it.
 */
export function trendOf(samples: readonly number[], { absolute, relative }: Bound): Trend {
  const warm = samples.slice(Math.ceil(samples.length * WARM_UP));
  const slopes = warm.flatMap((later, n) =>
    warm.slice(0, n).map((earlier, m) => (later - earlier) / (n - m)),
  );
  const level = median(warm);
  return {
    level,
    growth: median(slopes) * (warm.length - 1),
    allowed: Math.max(absolute, relative * level),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)]! + sorted[Math.ceil(last / 2)]!) / 2;
}
