import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** All that run: none may outlive this process, however it ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** It ended before it was ready. What it had to say of that, it has said on standard error. */
export class ProcessEnded extends Error {
  override name = 'ProcessEnded';
}

/** A Node process that prints one JSON object a line; the first says that it is ready, and at which URL if it has one. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #url: string | undefined;

  private constructor(child: ChildProcess, exited: Promise<unknown>, url: string | undefined) {
    this.#child = child;
    this.#exited = exited;
    this.#url = url;
  }

  /** Resolves once the process is ready. Each further line goes to `onLine`. */
  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onLine: (line: object) => void = () => {},
  ): Promise<NodeProcess> {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
      // Ctrl-C is meant for us: we stop the others.
      detached: true,
    });
    running.add(child);
    const exited = once(child, 'exit').finally(() => running.delete(child));
    const { promise: ready, resolve, reject } = Promise.withResolvers<{ url?: string }>();
    let isReady = false;
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as { url?: string };
      if (isReady) onLine(line);
      else resolve(line);
      isReady = true;
    });
    exited.then(
      () =>
        reject(
          new ProcessEnded(
            `"node ${args.join(' ')}" ended with ${child.signalCode ?? `code ${child.exitCode}`}`,
          ),
        ),
      reject,
    );
    return new NodeProcess(child, exited, (await ready).url);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return running.has(this.#child);
  }

  get url(): string {
    if (this.#url === undefined) throw new Error(`the process ${this.pid} has no URL`);
    return this.#url;
  }

  /** Ends it at once: it gets no chance to save or close anything. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to end: what it has under way it may finish or hand over. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#exited;
  }
}
