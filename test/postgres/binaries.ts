import { execFileSync } from 'node:child_process';
import { existsSync, globSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programsInPath } from '../programs.ts';
import { installFromDebian, npmInstall } from './install.ts';

export interface Binaries {
  /** Holds `postgres` and `initdb`. */
  readonly directory: string;
  /** For people: where they are from, and which version it is. */
  readonly origin: string;
}

/** Where distributions put what they do not put into PATH. */
const HOMES = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
];

/** The oldest that Stepwell runs on. */
const OLDEST_VERSION = 15;

/**
 * A PostgreSQL of this machine; if there is none, one is installed: by apt-get where we are root on Debian, else from
 * the npm registry into node_modules.
 * @throws an error that says what was tried
 */
export async function findBinaries(): Promise<Binaries> {
  const failures: string[] = [];
  const ways = [
    onThisMachine,
    async () => (await installFromDebian(), onThisMachine()),
    () => inDirectory(npmInstall()),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch (thrown) {
      failures.push(`- ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  throw new Error(
    `There is no PostgreSQL to test with.\n${failures.join('\n')}\nInstall PostgreSQL ${OLDEST_VERSION} or newer, or set DATABASE_URL to a database whose user may create databases.`,
  );
}

function onThisMachine(): Binaries {
  // A link in PATH may stand without its neighbours: the directory that counts is that of the file itself.
  const real = programsInPath('postgres').map((file) => dirname(realpathSync(file)));
  const installed = [...real, ...globSync(HOMES)].filter(isComplete).map(inDirectory);
  const newest = installed.toSorted((a, b) => b.version - a.version)[0];
  if (newest === undefined) throw new Error(`neither PATH nor ${HOMES.join(', ')} has postgres and initdb`);
  if (newest.version < OLDEST_VERSION) throw new Error(`${newest.origin} is older than ${OLDEST_VERSION}`);
  return newest;
}

function inDirectory(directory: string): Binaries & { readonly version: number } {
  const said = execFileSync(join(directory, 'postgres'), ['--version'], { encoding: 'utf8' }).trim();
  return { directory, origin: `${said}, ${directory}`, version: Number(/ (\d+)/.exec(said)?.[1] ?? 0) };
}

const isComplete = (directory: string) =>
  ['postgres', 'initdb'].every((name) => existsSync(join(directory, name)));
