import type { Commit } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Limits } from '../model/limits.ts';
import type { Payloads } from '../model/payload.ts';
import type { RunRecord } from '../model/run.ts';
import { Activation } from './activation.ts';
import type { End, Runtime } from './runtime.ts';
import type { System } from './system.ts';

export interface RehearsalParts {
  readonly runtime: Runtime;
  readonly system: System;
  readonly payloads: Payloads;
  readonly limits: Limits;
}

/** What an activation came to that was not allowed to commit anything. */
export interface Rehearsal {
  /** With what the run would be stuck; null: the code fits its journal. */
  readonly stuck: Failure | null;
  /** How the function ended; null: it waits, or would begin something new. */
  readonly end: End | null;
}

/**
 * Takes a run up from its journal as a worker would, up to the first commit, and throws the activation away then. Since
 * a body begins only when the commit that says so is durable, no body is run and nobody outside hears of anything.
 * The clock stands where the journal ends: no timer is due that was not due then.
 *
 * @throws what a journal that was not written by an engine makes of it
 */
export async function rehearse(
  run: RunRecord,
  journal: readonly Commit[],
  parts: RehearsalParts,
): Promise<Rehearsal> {
  const now = journal.at(-1)?.at ?? run.createdAt;
  const { promise: firstCommit, resolve, reject } = Promise.withResolvers<void>();
  const around = {
    ...parts,
    worker: 'rehearsal',
    instruments: null,
    large: null,
    system: { ...parts.system, now: () => now, timer: () => () => {} },
    requestCommit: () => resolve(),
    over: () => {},
  };
  const activation = new Activation(around, { run: asClaimed(run), journal, facts: [] }, journal, now);
  activation.open().catch(reject);
  await firstCommit;
  const release = activation.draft.release;
  activation.drop(null);
  return { stuck: release?.status === 'stuck' ? release.error! : null, end: activation.end };
}

/** Without what would end the run whatever its code does: that is not asked here. */
function asClaimed(run: RunRecord): RunRecord {
  return { ...run, timeout: null, hardTimeout: null, startedAt: run.startedAt ?? run.createdAt };
}
