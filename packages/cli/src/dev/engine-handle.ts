import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineSettings, Order, Report } from './messages.ts';

/** Longer than an engine takes for its drain: whoever has not ended by then hangs. */
const STOP_LIMIT_MS = 15_000;
/** In the repository this file is TypeScript, in the published package it is not; its neighbour is the same. */
const PROGRAM = fileURLToPath(new URL('./engine-process.ts', import.meta.url)).replace(
  /\.ts$/,
  extname(import.meta.filename),
);

/** The engine process, seen from the supervisor. */
export class EngineHandle {
  /** How it ended, for people: `by signal SIGKILL`, `with exit code 7`. */
  readonly exited: Promise<string>;
  /** By the monotonic clock of this process (ms). */
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  #stopping = false;

  /** @param quiet what workflows print goes to stderr: stdout is for programs */
  constructor(settings: EngineSettings, quiet: boolean) {
    this.#child = fork(PROGRAM, [JSON.stringify(settings)], {
      stdio: ['ignore', quiet ? 2 : 'inherit', 'inherit', 'ipc'],
      // What main.ts does for itself: a restart takes half as long.
      env: { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir() },
    });
    this.exited = new Promise((resolve) =>
      this.#child.once('exit', (code, signal) =>
        resolve(signal === null ? `with exit code ${code}` : `by signal ${signal}`),
      ),
    );
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  send(order: Order): void {
    // A process that has just died is noticed by its exit.
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  /** The next that it tells; null: it ended without a word. */
  nextReport(): Promise<Report | null> {
    const { promise, resolve } = Promise.withResolvers<Report | null>();
    this.#child.once('message', resolve);
    void this.exited.then(() => resolve(null));
    return promise;
  }

  /** Lets it drain and end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.send({ type: 'stop' });
    const limit = setTimeout(() => this.kill(), STOP_LIMIT_MS);
    await this.exited;
    clearTimeout(limit);
  }

  kill(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }
}
