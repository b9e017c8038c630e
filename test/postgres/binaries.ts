import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { aptInstall, npmInstall } from './install.ts';

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
export function findBinaries(): Binaries {
  const failures: string[] = [];
  const ways = [onThisMachine, () => (aptInstall(), onThisMachine()), () => inDirectory(npmInstall())];
  for (const way of ways) {
    try {
      return way();
    } catch (thrown) {
      failures.push(`- ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  throw new Error(
    `There is no PostgreSQL to test with.\n${failures.join('\n')}\nInstall PostgreSQL ${OLDEST_VERSION} or newer, or set DATABASE_URL to a database whose user may create databases.`,
  );
}

function onThisMachine(): Binaries {
  const inPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((entry) => isExecutable(join(entry, 'postgres')));
  // A link in PATH may stand without its neighbours: the directory that counts is that of the file itself.
  const real = inPath.map((entry) => dirname(realpathSync(join(entry, 'postgres'))));
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

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
