import { randomUUID } from 'node:crypto';
import type { News } from 'stepwell/engine';
import type { ErrorLog } from '../api.ts';
import type { Fanout } from './fanout.ts';
import { decodeHints, encodeHints } from './hints.ts';

const CHANNEL = 'stepwell';

/** Pauses before the connection is made again (ms): doubled each time up to the longest. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** A connection that says nothing for so long is dead (ms), since it is asked more often than that. */
const ASKED_EVERY = 5_000;
const DEAD_AFTER = 15_000;

/** While a message is under way; more are one: look at all. */
const MOST_UNSENT = 10_000;

type Client = Awaited<ReturnType<typeof clientFor>>;

/**
 * News by publish and subscribe of Redis, over one connection:
 *
 *     connecting ──▶ connected ──lost──▶ connecting
 *
 * While it is not connected nothing is kept: afterwards both sides take it that they have missed something, and look. What
 * comes while a message is under way goes with the next one. Processes of several stores may share a channel: a hint for
 * another store costs a look.
 */
export class RedisFanout implements Fanout {
  readonly #log: ErrorLog;
  readonly #client: Client;
  readonly #channel: string;
  readonly #sender = randomUUID().slice(0, 8);
  readonly #listeners = new Set<(news: News) => void>();
  #unsent: News[] = [];
  #sending = false;
  #isReady = false;
  #isDown = false;
  #closed = false;

  private constructor(client: Client, channel: string, log: ErrorLog) {
    this.#client = client;
    this.#channel = channel;
    this.#log = log;
    client.on('ready', () => this.#ready());
    client.on('error', (error: unknown) => this.#lost(error));
    client.on('reconnecting', () => (this.#isReady = false));
  }

  /**
   * Resolves when it is connected, or when that has failed for the first time: it goes on trying.
   * @param address its parameter `channel` names another channel than `stepwell`
   */
  static async open(address: URL, log: ErrorLog): Promise<RedisFanout> {
    const url = new URL(address);
    const channel = url.searchParams.get('channel') ?? CHANNEL;
    url.search = '';
    const client = await clientFor(url.href);
    const fanout = new RedisFanout(client, channel, log);
    const failed = new Promise<void>((resolve) => client.once('error', () => resolve()));
    await Promise.race([fanout.#connect(), failed]);
    return fanout;
  }

  async #connect(): Promise<void> {
    try {
      await this.#client.connect();
      await this.#client.subscribe(this.#channel, (message) => this.#heard(message));
      this.#ready();
    } catch (error) {
      // Closed before it was ever connected.
      this.#lost(error);
    }
  }

  publish(news: readonly News[]): void {
    if (this.#closed) return;
    this.#unsent.push(...news);
    if (!this.#isReady || this.#unsent.length > MOST_UNSENT) this.#unsent = [{ type: 'missed' }];
    if (this.#isReady && !this.#sending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#unsent.length > 0 && this.#isReady) {
        const message = encodeHints(this.#sender, this.#unsent);
        this.#unsent = [];
        await this.#client.publish(this.#channel, message);
      }
    } catch {
      // The connection was lost on the way, which its `error` tells.
      this.#unsent = [{ type: 'missed' }];
    }
    this.#sending = false;
  }

  #heard(message: string): void {
    const { sender, news } = decodeHints(message);
    if (sender !== this.#sender) this.#tell(news);
  }

  #ready(): void {
    this.#isReady = true;
    this.#isDown = false;
    // Nobody knows what was said meanwhile, neither here nor there.
    this.#tell([{ type: 'missed' }]);
    this.publish([{ type: 'missed' }]);
  }

  /** Once for each time that it is down, not for each attempt. */
  #lost(error: unknown): void {
    this.#isReady = false;
    if (!this.#isDown && !this.#closed)
      this.#log('The fan-out has lost its Redis. Events of other processes come up to 5 s later.', error);
    this.#isDown = true;
  }

  #tell(news: readonly News[]): void {
    for (const listener of this.#listeners) for (const one of news) listener(one);
  }

  subscribe(heard: (news: News) => void): () => void {
    const own = (news: News) => heard(news);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.destroy();
  }
}

/** The driver is loaded where it is used only. */
async function clientFor(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    // What cannot be said now need not be said later.
    disableOfflineQueue: true,
    pingInterval: ASKED_EVERY,
    socket: {
      socketTimeout: DEAD_AFTER,
      reconnectStrategy: (retries) => Math.min(FIRST_PAUSE * 2 ** retries, LONGEST_PAUSE),
    },
  });
}
