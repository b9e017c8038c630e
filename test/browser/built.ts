import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import library from '../../packages/stepwell/package.json' with { type: 'json' };

const ROOT = resolve(import.meta.dirname, '../..');

/** The library as it is published, and the tests' page: modules of JavaScript that a browser can load as they are. */
export class Built implements Disposable {
  /** What `node_modules/stepwell` is to a user. */
  readonly library: string;
  readonly page: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.library = join(folder, 'stepwell');
    this.page = join(folder, 'page');
  }

  static async make(): Promise<Built> {
    const built = new Built(mkdtempSync(join(tmpdir(), 'stepwell-built-')));
    const state = join(built.#folder, 'tsbuildinfo');
    try {
      await Promise.all([
        tsc(
          '--noCheck',
          '-p',
          'packages/stepwell/tsconfig.build.json',
          '--outDir',
          built.library,
          '--tsBuildInfoFile',
          state,
        ),
        compilePage(built.page),
      ]);
      return built;
    } catch (error) {
      built[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The file of the library that `stepwell/client` leads to, below its folder: as scripts/build.ts publishes it. */
export const CLIENT = library.exports['./client'].replace('./src/', '').replace(/\.ts$/, '.js');

/** Its types are checked with those of all tests. */
function compilePage(outDir: string): Promise<void> {
  const options = '--ignoreConfig --noCheck --noResolve --target es2024 --module esnext'.split(' ');
  return tsc('test/browser/page/index.ts', ...options, '--outDir', outDir);
}

async function tsc(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('tsc', args, { cwd: ROOT });
}
