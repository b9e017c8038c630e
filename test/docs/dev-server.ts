import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './markdown.ts';

/** A `stepwell dev` that somebody who reads the documentation would have in another terminal. */
export class DevServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start(folder: string, file: string): Promise<DevServer> {
    const main = join(ROOT, 'packages/cli/src/main.ts');
    const child = spawn(process.execPath, [main, 'dev', file, '--port', '0', '--json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface(child.stdout)) {
      const { type, url } = JSON.parse(line) as { type: string; url?: string };
      if (type === 'listening' && url !== undefined) return new DevServer(child, url);
    }
    throw new Error(`stepwell dev ended with code ${child.exitCode} before it listened`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }
}
