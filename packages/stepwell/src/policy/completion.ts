/** When a group of items is done before all of them are, and how many may fail. */
export interface CompletionPolicy {
  readonly total: number;
  /** How many items may fail. */
  readonly tolerated: number;
  /** As soon as so many have succeeded, the rest is not needed; null: all are. */
  readonly minSuccess: number | null;
}

/** `enough`: it has succeeded; `failed`: it cannot succeed any more. */
export type Completion = 'go on' | 'enough' | 'failed';

/** What the counts of ended items mean for the group. */
export function decideCompletion(policy: CompletionPolicy, succeeded: number, failed: number): Completion {
  if (failed > policy.tolerated) return 'failed';
  if (policy.minSuccess !== null) {
    if (succeeded >= policy.minSuccess) return 'enough';
    if (policy.total - failed < policy.minSuccess) return 'failed';
  }
  return succeeded + failed === policy.total ? 'enough' : 'go on';
}

/** How many of `total` items may fail: none if nothing is said, all but `minSuccess` if only that is. */
export function toleratedFailures(
  total: number,
  tolerate: { readonly count: number } | { readonly percent: number } | undefined,
  minSuccess: number | null,
): number {
  if (tolerate === undefined) return minSuccess === null ? 0 : Math.max(0, total - minSuccess);
  return 'count' in tolerate ? tolerate.count : Math.floor((tolerate.percent / 100) * total);
}
