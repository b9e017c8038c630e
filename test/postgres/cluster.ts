import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';

/** How a server is stopped: `fast` ends what is under way and writes all down; `immediate` is a crash. */
export type StopMode = 'fast' | 'immediate';

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
const START_LIMIT_MS = 60_000;
const FREE_PORT_TRIES = 20;

export interface ClusterSetup {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly dataDirectory: string;
  readonly settings: Readonly<Record<string, string | number>>;
}

/** The files of one server, and the server that runs on them, or does not. */
export class Cluster {
  readonly dataDirectory: string;
  readonly #setup: ClusterSetup;
  #port: number | null = null;
  #server: ChildProcess | null = null;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(setup: ClusterSetup) {
    this.#setup = setup;
    this.dataDirectory = setup.dataDirectory;
  }

  /** Stays the same from the first start on. */
  get port(): number {
    if (this.#port === null) throw new Error('the server was never started');
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#server !== null;
  }

  /** Runs one of PostgreSQL's programs as the server's user. */
  async run(program: string, args: readonly string[]): Promise<void> {
    const { binaries, account } = this.#setup;
    await promisify(execFile)(join(binaries.directory, program), args, { ...account, cwd: '/' });
  }

  /** Resolves once it takes connections. */
  async start(): Promise<void> {
    if (this.#server !== null) throw new Error('the server runs already');
    if (this.#port !== null) return this.#startOn(this.#port);
    for (let tries = 1; ; tries++) {
      // Below the range from which the system takes ports of its own accord: a restart finds its port free.
      const port = 20_000 + Math.floor(Math.random() * 10_000);
      try {
        await this.#startOn(port);
        this.#port = port;
        return;
      } catch (thrown) {
        if (tries === FREE_PORT_TRIES || !String(thrown).includes('could not bind')) throw thrown;
      }
    }
  }

  async stop(mode: StopMode): Promise<void> {
    // Nobody is kept alive by a server that runs, but by one that is awaited.
    this.#server?.ref();
    this.#server?.kill(SIGNALS[mode]);
    await this.#ended;
  }

  async #startOn(port: number): Promise<void> {
    const { binaries, account, settings, dataDirectory } = this.#setup;
    const logFile = `${dataDirectory}.log`;
    const log = await open(logFile, 'w');
    const all = { ...settings, port, listen_addresses: '127.0.0.1', unix_socket_directories: '' };
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(join(binaries.directory, 'postgres'), ['-D', dataDirectory, ...args], {
      ...account,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    server.unref();
    this.#server = server;
    let failure = '';
    this.#ended = once(server, 'exit')
      .catch((error: unknown) => {
        failure = String(error);
      })
      .finally(() => {
        this.#server = null;
      });
    await log.close();
    const deadline = performance.now() + START_LIMIT_MS;
    while (!this.#isReady()) {
      if (this.#server === null)
        throw new Error(`PostgreSQL did not start: ${failure}\n${await readFile(logFile, 'utf8')}`);
      if (performance.now() > deadline) throw new Error(`PostgreSQL does not get ready; see ${logFile}`);
      await setTimeout(10);
    }
  }

  /** The server writes into the last line of its pid file what it is doing. */
  #isReady(): boolean {
    try {
      const lines = readFileSync(join(this.dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
      return Number(lines[0]) === this.#server?.pid && lines[7]?.trim() === 'ready';
    } catch {
      return false;
    }
  }
}
