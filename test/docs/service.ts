import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './markdown.ts';

/** A `stepwell worker` or `stepwell server` that somebody who reads the documentation would have in another terminal. */
export class Service {
  /** Of a server. */
  readonly url: string | undefined;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string | undefined) {
    this.#process = process;
    this.url = url;
  }

  /** Resolves once it says that it is there. */
  static async start(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Service> {
    const main = join(ROOT, 'packages/cli/src/main.ts');
    const child = spawn(process.execPath, [main, ...args, '--json'], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface(child.stdout)) {
      return new Service(child, (JSON.parse(line) as { url?: string }).url);
    }
    throw new Error(`stepwell ${args.join(' ')} ended with code ${child.exitCode}`);
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }
}
