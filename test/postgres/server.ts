import { chownSync, existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Account, serverAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { Cluster, type StopMode } from './cluster.ts';
import { terminateConnections } from './database.ts';
import { Guard } from './guard.ts';

export interface PostgresOptions {
  /** False: a crash of the machine may lose everything. Only where nothing but behaviour is tested. Default true. */
  readonly durable?: boolean;
  /** Of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const USER = 'stepwell';
const DATABASE = 'stepwell';

/** Many stores, each with connections of its own, may use one server. */
const ALWAYS = { max_connections: 300, max_wal_senders: 10, hot_standby: 'on' };
const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * A PostgreSQL server of its own on this machine, empty, with the settings that PostgreSQL comes with; where durability is
 * asked for, all of it. It ends with this process at the latest, in whatever way that ends.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await findBinaries();
  const account = serverAccount();
  // Not a link (macOS): the server's user may not be allowed to follow it.
  const home = mkdtempSync(join(realpathSync(tmpdir()), 'stepwell-postgres-'));
  if (account !== undefined) chownSync(home, account.uid, account.gid);
  const settings = { ...ALWAYS, ...(options.durable === false ? NOT_DURABLE : {}), ...options.settings };
  const guard = new Guard(home, account);
  const server = new PostgresServer({ binaries, account, home, settings, name: 'primary', guard });
  try {
    await server.initialize();
    return server;
  } catch (thrown) {
    await guard.end();
    throw thrown;
  }
}

interface ServerParts {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  /** The data of this server and of its standbys are below. */
  readonly home: string;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly name: string;
  /** Null: a standby, which its primary's guard looks after. */
  readonly guard: Guard | null;
}

export class PostgresServer {
  readonly #parts: ServerParts;
  readonly #cluster: Cluster;
  #standbys = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const { binaries, account, settings, home, name } = parts;
    this.#cluster = new Cluster({ binaries, account, settings, dataDirectory: join(home, name) });
  }

  /** Of a database that is empty at first. The user may do everything. */
  get url(): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/${DATABASE}`;
  }

  get port(): number {
    return this.#cluster.port;
  }

  get dataDirectory(): string {
    return this.#cluster.dataDirectory;
  }

  /** For people: which PostgreSQL it is. */
  get origin(): string {
    return this.#parts.binaries.origin;
  }

  get isRunning(): boolean {
    return this.#cluster.isRunning;
  }

  /** Makes the files and starts. */
  async initialize(): Promise<void> {
    const options = ['--no-sync', '--auth=trust', `--username=${USER}`, '--encoding=UTF8', '--no-locale'];
    await this.#cluster.run('initdb', ['-D', this.dataDirectory, ...options]);
    await this.#cluster.start();
    await this.#asAdministrator((client) => client.query(`create database ${DATABASE}`));
  }

  /** Again, on the same port. Resolves once it takes connections. */
  start(): Promise<void> {
    return this.#cluster.start();
  }

  stop(mode: StopMode): Promise<void> {
    return this.#cluster.stop(mode);
  }

  /** Ends all connections but its own; the answer is how many there were. */
  terminateConnections(): Promise<number> {
    return this.#asAdministrator(terminateConnections);
  }

  /** Whether the installation has what a standby needs. */
  get canHaveStandby(): boolean {
    return existsSync(join(this.#parts.binaries.directory, 'pg_basebackup'));
  }

  /** A server that follows this one, and can take its place: {@link promote}. It ends with this one's {@link close}. */
  async startStandby(settings: Readonly<Record<string, string | number>> = {}): Promise<PostgresServer> {
    // A standby may have standbys of its own, when it has taken its primary's place.
    const name = `${this.#parts.name}-${++this.#standbys}`;
    const standby = new PostgresServer({
      ...this.#parts,
      settings: { ...this.#parts.settings, ...settings },
      name,
      guard: null,
    });
    const from = `host=127.0.0.1 port=${this.port} user=${USER} application_name=${name}`;
    const options = ['--write-recovery-conf', '--checkpoint=fast', '--no-sync'];
    await this.#cluster.run('pg_basebackup', ['-D', standby.dataDirectory, '-d', from, ...options]);
    await standby.start();
    return standby;
  }

  /** Makes a standby a server that takes writes; resolves when it does. */
  async promote(): Promise<void> {
    await this.#asAdministrator((client) => client.query('select pg_promote(wait => true)'));
  }

  /** Ends the server, without ceremony, and deletes its files. */
  async close(): Promise<void> {
    await this.stop('immediate');
    await this.#parts.guard?.end();
  }

  async #asAdministrator<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: `postgres://${USER}@127.0.0.1:${this.port}/postgres` });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}
