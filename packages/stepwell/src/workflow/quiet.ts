/** A promise that nobody may be waiting for (the loser of a race, say) must not bring the process down when it fails. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
