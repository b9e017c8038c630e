import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  readonly process: ChildProcess;
  /** The port that it says it listens on; null: it ended before. */
  readonly port: Promise<number | null>;
  readonly ended: Promise<void>;
}

/** Starts a program of this directory; hands on what it says on both of its outputs after its port. */
export function startProgram(
  file: string,
  args: readonly (string | number)[],
  heard: (line: string) => void,
  complained: (line: string) => void,
): Child {
  const process_ = spawn(process.execPath, [new URL(file, import.meta.url).pathname, ...args.map(String)], {
    stdio: 'pipe',
  });
  // It may be killed while it is written to.
  process_.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => void process_.once('close', () => resolve()));
  createInterface({ input: process_.stderr }).on('line', complained);
  const port = new Promise<number | null>((resolve) => {
    let isReady = false;
    createInterface({ input: process_.stdout })
      .on('line', (line) => {
        if (isReady) return heard(line);
        isReady = true;
        resolve((JSON.parse(line) as { port: number }).port);
      })
      .on('close', () => resolve(null));
  });
  return { process: process_, port, ended };
}
