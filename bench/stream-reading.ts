import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ReadersSay } from './stream-readers.ts';

/** Two: one that is busy with an event would be late for the next. */
const PROCESSES = 2;

/** Streams that are read in other processes, over HTTP. */
export class StreamReaders {
  /** When each event came to each stream: by stream, then by id. */
  readonly #came: Map<number, number>[] = [];
  readonly #children: readonly ChildProcess[];
  readonly #ended: Promise<unknown>;
  #open = 0;
  #changed: () => void = () => {};

  constructor(url: string) {
    const port = new URL(url).port;
    const file = join(import.meta.dirname, 'stream-readers.ts');
    this.#children = Array.from({ length: PROCESSES }, () => fork(file, [port]));
    for (const child of this.#children) child.on('message', (said: ReadersSay) => this.#hear(said));
    this.#ended = Promise.all(this.#children.map((child) => once(child, 'exit')));
  }

  #hear(said: ReadersSay): void {
    if (said === 'open') this.#open++;
    else for (const [stream, id, at] of said) this.#came[stream]!.set(id, at);
    this.#changed();
  }

  /** Opens a stream for each path; resolves when all are open. */
  async open(paths: readonly string[]): Promise<void> {
    const asks = paths.map((path, n) => [this.#came.push(new Map()) - 1, path, n] as const);
    const all = this.#came.length;
    for (const [index, child] of this.#children.entries())
      child.send(asks.filter(([, , n]) => n % PROCESSES === index).map(([stream, path]) => [stream, path]));
    await this.#until(() => this.#open === all);
  }

  /** Resolves with when that event came to each of these streams, once it has come to all. */
  async arrivals(id: number, streams: readonly number[]): Promise<number[]> {
    await this.#until(() => streams.every((stream) => this.#came[stream]!.has(id)));
    return streams.map((stream) => this.#came[stream]!.get(id)!);
  }

  get streams(): number[] {
    return [...this.#came.keys()];
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.#ended;
  }
}
