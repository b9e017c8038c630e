import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Client } from 'pg';
import type { News } from 'stepwell/engine';
import { connectionTo } from './database.ts';
import { decode, encode } from './notification.ts';

/** How often the connection is looked at (ms): one that died without a word is noticed by this, and the clock is set by it. */
const LOOK_EVERY = 5_000;
/** Pauses before the connection is made again (ms): doubled each time up to the longest. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/**
 * How long news wait for others that only those hear who look on (ms): that a journal has grown is said of every step.
 * Sent at once, they were a third of what a sequential step costs here.
 */
const UNHURRIED = 10;

/** Without a wait for the disk, in this transaction only. */
const NOTIFY = "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";

/** The channel of all who have this schema open. */
export function channelOf(schema: string): string {
  return `stepwell/${schema}`;
}

interface ChannelParts {
  readonly url: string;
  readonly schema: string;
  /** News of others, and those that may have been missed. */
  readonly heard: (news: readonly News[]) => void;
  /** What the database said is the time, and when it was asked and answered (`performance.now()`). */
  readonly toldTime: (time: number, asked: number, answered: number) => void;
  readonly report: (error: unknown) => void;
}

/**
 * News between processes, by LISTEN and NOTIFY on one connection that stands alone:
 *
 *     connecting ──LISTEN──▶ listening ──lost──▶ pausing ──time──▶ connecting
 *
 * A notification is a transaction of its own, after that of which it tells, and does not wait for the disk: NOTIFY holds
 * a lock of the whole database until its transaction is durable, so that inside of a flush it would make the flushes of
 * all processes wait for each other. What is lost with a process that dies between the two is found by those who look
 * now and then. What comes while a notification is under way goes with the next one.
 */
export class NewsChannel {
  readonly #parts: ChannelParts;
  readonly #channel: string;
  readonly #sender = randomUUID().slice(0, 8);
  #client: Client | null = null;
  #listening = false;
  #closed = false;
  #pause = FIRST_PAUSE;
  #timer: NodeJS.Timeout | undefined;
  #unhurried: NodeJS.Timeout | undefined;
  #unsent: News[] = [];
  #sending: Promise<void> | null = null;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.#channel = channelOf(parts.schema);
  }

  /** @throws what the driver throws */
  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (thrown) {
      this.#closed = true;
      throw thrown;
    }
  }

  async #connect(): Promise<void> {
    const client = new Client(connectionTo(this.#parts.url));
    this.#client = client;
    client.on('error', (error: Error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, new Error('the connection has ended')));
    client.on('notification', ({ payload = '' }) => this.#heard(payload));
    await client.connect();
    await client.query(`listen "${this.#channel}"`);
    await this.#askTime(client);
    if (this.#closed) return void client.end();
    this.#listening = true;
    this.#pause = FIRST_PAUSE;
    this.#timer = setTimeout(() => void this.#look(client), LOOK_EVERY);
    this.#send();
  }

  async #look(client: Client): Promise<void> {
    try {
      await this.#askTime(client);
      if (this.#client === client && !this.#closed)
        this.#timer = setTimeout(() => void this.#look(client), LOOK_EVERY);
    } catch (thrown) {
      this.#lost(client, thrown);
    }
  }

  async #askTime(client: Client): Promise<void> {
    const asked = performance.now();
    const { rows } = await client.query<{ time: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::float8 as time',
    );
    this.#parts.toldTime(rows[0]!.time, asked, performance.now());
  }

  #heard(payload: string): void {
    const { sender, news } = decode(payload);
    if (sender !== this.#sender) this.#parts.heard(news);
  }

  #lost(client: Client, error: unknown): void {
    if (this.#client !== client || this.#closed) return;
    const wasListening = this.#listening;
    this.#client = null;
    this.#listening = false;
    clearTimeout(this.#timer);
    // Its socket may be half open: it is not waited for.
    client.end().catch(() => {});
    if (wasListening) this.#parts.report(error);
    this.#timer = setTimeout(() => void this.#reconnect(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  async #reconnect(): Promise<void> {
    try {
      await this.#connect();
    } catch (thrown) {
      if (this.#client !== null) this.#lost(this.#client, thrown);
      return;
    }
    // Nobody knows what was said meanwhile.
    this.#parts.heard([{ type: 'missed' }]);
  }

  /** Tells the other processes. */
  tell(news: readonly News[]): void {
    if (news.length === 0 || this.#closed) return;
    // While nobody can be told, all that is to be known later is that there was something.
    if (this.#listening) this.#unsent.push(...news);
    else this.#unsent = [{ type: 'missed' }];
    if (news.some(isUrgent)) this.#send();
    else this.#unhurried ??= setTimeout(() => this.#send(), UNHURRIED);
  }

  #send(): void {
    clearTimeout(this.#unhurried);
    this.#unhurried = undefined;
    if (this.#sending !== null || !this.#listening || this.#unsent.length === 0) return;
    this.#sending = this.#sendAll(this.#client!);
  }

  async #sendAll(client: Client): Promise<void> {
    try {
      while (this.#unsent.length > 0 && this.#client === client) {
        const payload = encode(this.#sender, this.#unsent);
        this.#unsent = [];
        await client.query(NOTIFY, [this.#channel, payload]);
      }
    } catch (thrown) {
      this.#unsent = [{ type: 'missed' }];
      this.#lost(client, thrown);
    }
    this.#sending = null;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    // Others wait for what has not been sent yet.
    this.#send();
    await this.#sending;
    this.#listening = false;
    await this.#client?.end();
  }
}

function isUrgent(news: News): boolean {
  return news.type !== 'journal' || news.ended;
}
