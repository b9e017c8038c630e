import type { Http } from './http.ts';
import { pause } from './outside.ts';
import type { Trouble } from './trouble.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** A server that is away for so long (ms) is not just restarting. */
const GIVE_UP_AFTER = 5 * 60_000;

/** Takes up again what a lost connection has ended, with pauses that grow. */
export class Patience {
  readonly #http: Http;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #lostAt: number | null = null;

  constructor(http: Http, signal: AbortSignal | undefined) {
    this.#http = http;
    this.#signal = signal;
  }

  /** The server is there; whether anything will come of it is not known. */
  reached(): void {
    this.#lostAt = null;
  }

  /** Something has come. */
  ok(): void {
    this.#failures = 0;
    this.#lostAt = null;
  }

  /**
   * Resolves when it may be tried again.
   * @throws the signal's reason; the trouble's error, if it will not pass, has not passed for 5 minutes, or no server
   * has ever answered
   */
  async wait({ kind, error }: Trouble): Promise<void> {
    const { outside } = this.#http;
    const mayPass = kind === 'lost' || kind === 'unsent' || kind === 'unavailable';
    const isOver = this.#lostAt !== null && outside.now() - this.#lostAt > GIVE_UP_AFTER;
    if (!mayPass || isOver || !this.#http.isKnown) throw error;
    if (this.#lostAt === null) this.#http.lost(error);
    this.#lostAt ??= outside.now();
    const most = Math.min(FIRST_PAUSE * 2 ** this.#failures++, LONGEST_PAUSE);
    // Not all at the same moment: a server that has come back would be run over by its readers.
    await pause(outside, most * (0.5 + outside.random() / 2), this.#signal);
  }
}
