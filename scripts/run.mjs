// Runs a script or a tool of this repository with Node 24, installing first what is missing:
//
//   node scripts/run.mjs <file.ts | tool in node_modules/.bin> [arguments …]
//
// Every npm script goes through here, so any of them works as the first command after a clone.
// The machine's own Node only starts this file; it needs no dependency and no more than Node 18.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const node24 = join(modules, 'node', 'bin', 'node');

const [target, ...args] = process.argv.slice(2);
if (target === undefined) fail('usage: node scripts/run.mjs <file.ts | tool> [arguments …]');

installWhatIsMissing();
run(target, args);

/**
 * The stamp in node_modules holds the hash of the lock file that was installed. During an install it names the
 * installing process instead: while that one lives, others wait for it; if it was killed, what it left is unknown
 * and is thrown away.
 */
function installWhatIsMissing() {
  const stamp = join(modules, '.stepwell-install');
  const read = () => (existsSync(stamp) ? readFileSync(stamp, 'utf8') : '');
  const installer = () => Number(/^installing (\d+)$/.exec(read())?.[1]);
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');

  while (isAlive(installer())) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  if (read() === wanted && existsSync(node24)) return;

  console.error('stepwell: installing dependencies …');
  if (installer() > 0) rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  writeFileSync(stamp, `installing ${process.pid}`);
  npmInstall();
  if (!existsSync(node24))
    fail('npm brought no Node 24: was the install script of the package "node" refused?');
  writeFileSync(stamp, wanted);
}

/**
 * Not `npm ci`: it refuses a lock file that lacks the binaries of other platforms, and a registry that does not
 * carry them all (a mirror) can only produce such a lock file. `--no-save` leaves the lock file as it is.
 */
function npmInstall() {
  // Development dependencies are needed even where NODE_ENV=production is set. Warnings are left out because npm
  // would compare `engines` with the machine's Node, which is not the one that runs anything here.
  const options = ['install', '--no-save', '--include=dev', '--loglevel=error', '--no-fund', '--no-audit'];
  // Inside `npm run`, npm_execpath is the very npm that the person called.
  const npm = process.env.npm_execpath;
  const [command, prefix] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  // npm's report goes to stderr: stdout belongs to the task (`npm run bench -- --json`).
  const install = spawnSync(command, [...prefix, ...options], { cwd: root, stdio: ['ignore', 2, 2] });
  if (install.status !== 0)
    fail(`npm install failed (${install.error?.message ?? install.signal ?? install.status})`);
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function run(target, args) {
  const script = /\.[cm]?[jt]s$/.test(target);
  const command = script ? node24 : join(modules, '.bin', target);
  if (!existsSync(script ? join(root, target) : command)) fail(`there is no ${target}`);

  const path = [dirname(node24), join(modules, '.bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path };
  const child = spawn(command, script ? [target, ...args] : args, { cwd: root, env, stdio: 'inherit' });

  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  // A terminal sends Ctrl-C to the child too; sent twice it would look like an impatient person's second one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));

  child.on('error', (error) => fail(`cannot run ${target}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function fail(message) {
  console.error(`stepwell: ${message}`);
  process.exit(1);
}
