import { expect, test } from 'vitest';
import type { EventOf, JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { NewRun, RunKey } from '../../packages/stepwell/src/model/run.ts';
import { alteredStore } from '../../packages/stepwell/src/store/altered.ts';
import type { CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { end, startAndClaim, step } from '../conformance/fixtures.ts';
import { CheckedStore } from './checked-store.ts';

/** Calls that the store answers in another way than it should; all others it does as they are. */
type Lies = { -readonly [K in keyof Store]?: Store[K] };

interface World {
  readonly store: CheckedStore;
  /** The store below, which does everything as it should. */
  readonly honest: Store;
  readonly lies: Lies;
}

function world(): World {
  const honest = openMemoryStore();
  const lies: Lies = {};
  const lying = alteredStore<Store>(honest, lies);
  const report = (what: string): never => {
    throw new Error(what);
  };
  const store = new CheckedStore(lying, report, 'store and engine');
  return { store, honest, lies };
}

export const ACTIVATED: EventOf<'run.activated'> = { type: 'run.activated', worker: 'w1', format: 1 };

/** A commit of these events, by the process `p1` unless another one is named. */
export async function append(
  store: CheckedStore,
  run: RunKey,
  position: number,
  events: readonly JournalEvent[],
  { by = 'p1', ...more }: Partial<CommitRequest> & { by?: string } = {},
): Promise<void> {
  const text = { events: JSON.stringify(events), count: events.length };
  await store.commitBy(by, [step(run, position, { ...text, ...more })]);
}

/** A run that worker `w1` has activated, in the process `p1`. */
export async function activated(store: CheckedStore, given: Partial<NewRun> = {}): Promise<RunKey> {
  const run = await startAndClaim(store, 'a', given);
  await append(store, run, 0, [ACTIVATED]);
  return run;
}

export async function failed(store: CheckedStore): Promise<RunKey> {
  const run = await activated(store);
  await append(store, run, 1, [{ type: 'run.failed', error: { name: 'Error', message: 'no' } }], {
    change: end('failed'),
  });
  return run;
}

/** What goes wrong, what is said of it, and how it comes to it. */
export type Wrongs = Readonly<
  Record<string, readonly [says: RegExp, play: (world: World) => Promise<unknown>]>
>;

/** A test of each: no right store and engine can make such a trace. */
export function testWrongs(wrongs: Wrongs): void {
  test.each(Object.entries(wrongs))('%s', async (_, [says, play]) => {
    await expect(play(world())).rejects.toThrow(says);
  });
}
