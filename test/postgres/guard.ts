import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Account } from './account.ts';

/**
 * Waits for the end of its standard input, which comes when this process closes it or is gone, in whatever way. Then it
 * ends every server below the directory, and deletes it.
 */
const script = `
cat >/dev/null
for file in "$0"/*/postmaster.pid; do
  test -f "$file" && pid=$(head -n 1 "$file") && kill -QUIT "$pid" || continue
  while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
done
rm -rf "$0"
`;

/** No server outlives the process that started it, not even if that is killed: a shell stands beside and sees to it. */
export class Guard {
  readonly #shell: ChildProcess;
  readonly #gone: Promise<unknown>;

  constructor(directory: string, account: Account | undefined) {
    this.#shell = spawn('/bin/sh', ['-c', script, directory], {
      ...account,
      cwd: '/',
      // A process group of its own: Ctrl-C is meant for us, not for it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#gone = once(this.#shell, 'close');
    this.#shell.unref();
    // It keeps nobody alive who forgets to close the server.
    (this.#shell.stdin as unknown as { unref(): void }).unref();
  }

  /** Resolves once the servers have ended and the directory is gone. */
  async end(): Promise<void> {
    this.#shell.ref();
    this.#shell.stdin?.end();
    await this.#gone;
  }
}
