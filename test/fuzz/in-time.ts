/**
 * What a deed answers.
 * @param limit milliseconds
 * @throws an error that says what the process still waits for, if it has not ended by then
 */
export async function inTime<T>(what: string, limit: number, deed: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timeout = setTimeout(() => {
    const waitsFor = process.getActiveResourcesInfo().join(', ');
    late.reject(
      new Error(`${what}: not at an end after ${limit / 1_000} s. The process waits for ${waitsFor}.`),
    );
  }, limit);
  try {
    return await Promise.race([deed, late.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
