import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Inside, Planted, Round, SoakSettings } from './messages.ts';
import { readRows, type OnDisk } from './rows.ts';

export interface Sample extends Inside, OnDisk {
  /** Milliseconds since the first round began. */
  readonly at: number;
}

export interface Plan {
  readonly rounds: number;
  readonly round: Round;
  readonly keepMs: number;
  readonly users: number;
  readonly standing: number;
  readonly planted: Planted | null;
}

/** Lets an application work round after round; gives what it and its file were like after each. */
export async function soak(plan: Plan, sampled: (sample: Sample) => void = () => {}): Promise<Sample[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-soak-'));
  const path = join(directory, 'stepwell.db');
  const { users, standing, keepMs, planted } = plan;
  const settings: SoakSettings = { path, users, standing, keepMs, planted };
  const application = fork(new URL('./application.ts', import.meta.url), [JSON.stringify(settings)], {
    execArgv: ['--expose-gc'],
  });
  const died = new Promise<never>((_, reject) => {
    application.once('exit', (code, signal) => reject(new Error(`the application ended: ${code ?? signal}`)));
  });
  const cleanUp = () => {
    application.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  };
  process.once('exit', cleanUp);
  const answer = async () => (await Promise.race([once(application, 'message'), died]))[0] as unknown;
  try {
    await answer();
    const begun = Date.now();
    const samples: Sample[] = [];
    for (let round = 0; round < plan.rounds; round++) {
      application.send(plan.round);
      const inside = (await answer()) as Inside;
      const sample = { at: Date.now() - begun, ...inside, ...readRows(path) };
      samples.push(sample);
      sampled(sample);
    }
    return samples;
  } finally {
    application.kill('SIGKILL');
    await died.catch(() => {});
    cleanUp();
    process.off('exit', cleanUp);
  }
}
