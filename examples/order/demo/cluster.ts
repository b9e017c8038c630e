import { openPostgresStore } from '@stepwell/postgres';
import type { RunEvent } from 'stepwell';
import type { NodeProcess } from '../processes/node-process.ts';
import type { ShopDatabase } from '../processes/postgres.ts';
import { type ShopSettings, startServer, startWorker } from '../processes/stepwell-command.ts';
import type { Finding } from './findings.ts';
import { KillableServer } from './killable-server.ts';
import type { Shop } from './shop.ts';
import type { Story } from './story.ts';
import { type KilledWorker, takeoverFindings } from './takeover.ts';

/** Short, so that nobody has to wait for long; the default is 10 s. */
const LEASE_SECONDS = 3;

/** On PostgreSQL: a server that takes orders, and two workers that execute them. Each blow hits another kind. */
export class Cluster implements Shop {
  readonly #database: ShopDatabase;
  readonly #story: Story;
  readonly #server: KillableServer;
  /** By name. */
  readonly #workers: ReadonlyMap<string, NodeProcess>;
  #killed: KilledWorker | null = null;

  private constructor(
    database: ShopDatabase,
    story: Story,
    server: KillableServer,
    workers: ReadonlyMap<string, NodeProcess>,
  ) {
    this.#database = database;
    this.#story = story;
    this.#server = server;
    this.#workers = workers;
  }

  static async start(database: ShopDatabase, gateway: string, story: Story): Promise<Cluster> {
    const settings: ShopSettings = { store: database.url, gateway };
    story.tell('PostgreSQL', `▶ ${database.origin}`, 'cyan');
    const server = new KillableServer((port) => startServer(settings, port), story);
    const start = async (name: string): Promise<[string, NodeProcess]> => {
      const worker = await startWorker(settings, name, `${LEASE_SECONDS}s`);
      story.tell(name, `▶ works, process ${worker.pid}`, 'cyan');
      return [name, worker];
    };
    const workers = await Promise.all(['worker 1', 'worker 2'].map(start));
    await server.url();
    return new Cluster(database, story, server, new Map(workers));
  }

  url(): Promise<string> {
    return this.#server.url();
  }

  killWhileWaiting(): Promise<void> {
    return this.#server.killAndRestart('while the order waits for the manager');
  }

  async killWhilePaying(worker: string): Promise<void> {
    const store = await openPostgresStore({ url: this.#database.url, connections: 3 });
    try {
      // The journal knows a worker by an id of its own making, people by the name that it was given.
      const known = (await store.workers()).find(({ id }) => id === worker);
      if (known === undefined) throw new Error(`the store does not know the worker ${worker}`);
      await this.#workers.get(known.name)!.kill();
      // By the database's clock, as the journal.
      this.#killed = { worker, at: store.now?.() ?? Date.now(), lease: LEASE_SECONDS };
      this.#story.tell(known.name, '✗ killed (SIGKILL) while the payment is being retried', 'red');
    } finally {
      await store.close();
    }
    this.#story.tell('', `nobody may touch the order before its lease of ${LEASE_SECONDS} s is over`);
  }

  findings(events: readonly RunEvent[]): Finding[] {
    return takeoverFindings(this.#killed, this.#server.kills, events);
  }

  async close(): Promise<void> {
    const workers = [...this.#workers.values()].filter(({ isRunning }) => isRunning);
    await Promise.all([this.#server.stop(), ...workers.map((worker) => worker.stop())]);
    await this.#database.close();
  }
}
