import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** All that run: none may outlive the demo, however it ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A Node process that prints one JSON object a line; the first tells its URL. */
export class NodeProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Resolves once the process listens. Each further line goes to `onLine`. */
  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onLine: (line: object) => void = () => {},
  ): Promise<NodeProcess> {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    const { promise: url, resolve, reject } = Promise.withResolvers<string>();
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as { url?: string };
      if (line.url === undefined) onLine(line);
      else resolve(line.url);
    });
    child.once('exit', (code, signal) => {
      running.delete(child);
      reject(new Error(`"node ${args.join(' ')}" ended with ${signal ?? `code ${code}`}`));
    });
    return new NodeProcess(child, await url);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Ends it at once: it gets no chance to save or close anything. */
  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}
