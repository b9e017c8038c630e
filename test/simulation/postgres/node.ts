import { addressOf } from '../../../packages/postgres/src/address.ts';
import { DatabaseClock } from '../../../packages/postgres/src/clock.ts';
import { Database } from '../../../packages/postgres/src/database.ts';
import { PostgresStore } from '../../../packages/postgres/src/store.ts';
import type { News, Store } from '../../../packages/stepwell/src/store/contract.ts';
import { Newsroom } from '../../../packages/stepwell/src/store/newsroom.ts';
import { HeardChannel } from './heard-channel.ts';

/**
 * The store as one process has it open: with connections, a memory of lanes and a news channel of its own. Its tables
 * must exist.
 */
export class Node {
  readonly store: Store;
  readonly channel: HeardChannel;
  readonly #newsroom = new Newsroom();
  #ownNews: News[] = [];
  /** What it would have told an operator, but nobody who called it. */
  #reported: unknown[] = [];

  private constructor(url: string, schema: string) {
    const address = addressOf({ url, schema, connections: 3 });
    const report = (error: unknown) => void this.#reported.push(error);
    this.channel = new HeardChannel({ url: address.listenUrl, schema, toldTime: () => {}, report });
    this.#newsroom.subscribe((news) => this.#ownNews.push(news));
    this.store = new PostgresStore({
      database: new Database(address),
      clock: new DatabaseClock(),
      channel: this.channel,
      newsroom: this.#newsroom,
      soon: (callback) => void setImmediate(callback),
      report,
    });
  }

  static async open(url: string, schema: string): Promise<Node> {
    const node = new Node(url, schema);
    await node.channel.open();
    return node;
  }

  /** News of what was done here, since it was last asked. */
  takeOwnNews(): readonly News[] {
    const news = this.#ownNews;
    this.#ownNews = [];
    return news;
  }

  /** @throws what it has reported since it was last asked */
  demandSilence(): void {
    const [error] = this.#reported.splice(0);
    if (error !== undefined)
      throw new Error('a store reported what is no fault of its caller', { cause: error });
  }
}
