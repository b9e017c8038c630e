import { StepwellError } from 'stepwell';

/** What one client can ask of a server, so that no client can take it from the others. Each has its own error. */
export interface ServerLimits {
  /** Bytes of a JSON body. `BODY_TOO_LARGE` */
  bodyBytes: number;
  /** Milliseconds until a JSON body is there. `REQUEST_TIMED_OUT` */
  bodyTimeout: number;
  /** Milliseconds in which no byte of an upload comes. `REQUEST_TIMED_OUT` */
  uploadSilence: number;
  /** Milliseconds in which no byte of a download is taken. Its connection is cut: `Range` goes on. */
  downloadSilence: number;
  /** Milliseconds until the headers are there. `REQUEST_TIMED_OUT` */
  headersTimeout: number;
  /** Number of headers. `HEADERS_TOO_LARGE` */
  headers: number;
  /** Bytes of all headers and the address together. `HEADERS_TOO_LARGE` */
  headerBytes: number;
  /** Characters of path and parameters. `URL_TOO_LONG` */
  urlLength: number;
  /** Open connections. `TOO_MANY_CONNECTIONS` */
  connections: number;
  /** Event streams and WebSockets that are open at once. `TOO_MANY_STREAMS` */
  streams: number;
}

export const DEFAULT_SERVER_LIMITS: Readonly<ServerLimits> = {
  bodyBytes: 8 * 1024 * 1024,
  bodyTimeout: 30_000,
  uploadSilence: 60_000,
  downloadSilence: 60_000,
  headersTimeout: 10_000,
  headers: 100,
  headerBytes: 16 * 1024,
  urlLength: 8_192,
  connections: 15_000,
  streams: 10_000,
};

/** @throws StepwellError `OPTION_INVALID` if a limit is not a positive whole number or is not known */
export function withDefaultServerLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_SERVER_LIMITS, name)) {
      throw new StepwellError('OPTION_INVALID', `A server has no limit "${name}".`);
    }
    if (!Number.isSafeInteger(value) || value <= 0) {
      const detail = `The server’s limit ${name} must be a positive whole number, not ${String(value)}.`;
      throw new StepwellError('OPTION_INVALID', detail);
    }
  }
  return { ...DEFAULT_SERVER_LIMITS, ...given };
}
