import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command to its end, without a terminal. */
export async function stepwell(
  args: readonly string[],
  options: { server?: string; stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = start(args, options.server, undefined, options.env);
  child.stdin.end(options.stdin ?? '');
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

/** Starts the real command; the server is told by the environment, as users do it. */
export function start(args: readonly string[], server?: string, cwd?: string, more: NodeJS.ProcessEnv = {}) {
  const { FORCE_COLOR: _, STEPWELL_SERVER: __, STEPWELL_STORE: ___, ...env } = process.env;
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...env, ...more, ...(server !== undefined && { STEPWELL_SERVER: server }) },
    ...(cwd !== undefined && { cwd }),
  });
}
