import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findRedis } from './install.ts';

const FREE_PORT_TRIES = 20;

/** A Redis of its own on this machine, which keeps nothing. It ends with this process at the latest. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #program: string;
  readonly #directory: string;
  #process: ChildProcess;

  private constructor(program: string, directory: string, port: number, process: ChildProcess) {
    this.#program = program;
    this.#directory = directory;
    this.port = port;
    this.#process = process;
  }

  /** @throws if there is none, and none can be installed */
  static async start(): Promise<RedisServer> {
    const program = await findRedis();
    const directory = mkdtempSync(join(tmpdir(), 'stepwell-redis-'));
    for (let tries = 1; ; tries++) {
      // Below the range from which the system takes ports of its own accord: a restart finds its port free.
      const port = 20_000 + Math.floor(Math.random() * 10_000);
      try {
        return new RedisServer(program, directory, port, await run(program, directory, port));
      } catch (error) {
        if (tries === FREE_PORT_TRIES) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** As a crash. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** Again, on the same port. */
  async restart(): Promise<void> {
    await this.kill();
    this.#process = await run(this.#program, this.#directory, this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Resolves once it takes connections. */
async function run(program: string, directory: string, port: number): Promise<ChildProcess> {
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: directory };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  endWithUs(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('Ready to accept connections')) continue;
    child.stdout.resume();
    return child;
  }
  throw new Error(`redis-server ended with code ${child.exitCode} before it took connections on ${port}`);
}

/** A shell stands beside: the end of its standard input comes when this process is gone, in whatever way. */
function endWithUs(server: ChildProcess): void {
  const script = 'cat >/dev/null; test -n "$0" && kill -9 "$0" 2>/dev/null';
  const guard = spawn('/bin/sh', ['-c', script, String(server.pid)], {
    // A process group of its own: Ctrl-C is meant for us, not for it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  // The number of a server that has ended may soon be another's.
  server.once('exit', () => guard.kill('SIGKILL'));
}
