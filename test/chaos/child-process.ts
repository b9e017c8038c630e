import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  readonly process: ChildProcess;
  /** The port that it says it listens on; null: it ended before. */
  readonly port: Promise<number | null>;
  readonly ended: Promise<void>;
}

/** Starts a program of this directory; hands on what it says: JSON lines (its port is one), and complaints. */
export function startProgram(
  file: string,
  args: readonly (string | number)[],
  heard: (said: object) => void,
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
    createInterface({ input: process_.stdout })
      .on('line', (line) => {
        const said = JSON.parse(line) as object;
        if ('port' in said) resolve(said.port as number);
        else heard(said);
      })
      .on('close', () => resolve(null));
  });
  return { process: process_, port, ended };
}
