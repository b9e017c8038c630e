/** What a client needs of the machine: the one place that names it, so that tests can move time by hand. */
export interface Outside {
  readonly fetch: typeof fetch;
  /** Origin of the page in which this runs; null: not in a browser. */
  readonly page: string | null;
  now(): number;
  /** 0 to 1. */
  random(): number;
  /** A text that nobody else makes. */
  unique(): string;
  /** Calls back once after so many milliseconds; the answer prevents it. */
  timer(delay: number, callback: () => void): () => void;
}

export const machine: Outside = {
  // Looked up at each call: a test, or tracing, may have put another one in its place.
  fetch: (...request) => fetch(...request),
  page: (globalThis as { location?: { origin: string } }).location?.origin ?? null,
  now: () => Date.now(),
  random: () => Math.random(),
  unique,
  timer: (delay, callback) => {
    const timeout = setTimeout(callback, delay);
    return () => clearTimeout(timeout);
  },
};

/** Not `randomUUID`: browsers have that only on pages that came over HTTPS. */
function unique(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Resolves after so many milliseconds; rejects with the signal's reason. */
export async function pause(outside: Outside, ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = outside.timer(ms, resolve);
  const abort = () => reject(reasonOf(signal!));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal?.removeEventListener('abort', abort);
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
