import type { AnyDefinition } from 'stepwell';
import type { Commit, RunRecord } from 'stepwell/engine';
import { exportOf, type Replayed, replayJournal, type ReplayOptions } from 'stepwell/testing';
import type { RunSource, SourceFilter } from '../export/run-source.ts';
import { pathOf } from './path.ts';

/** Journals that are read at the same time: each may be large. */
const AT_ONCE = 8;

/** Runs of one version of a workflow that have gone the same way. */
export interface CheckedPath {
  readonly workflow: string;
  readonly version: string;
  readonly path: string;
  /** One of them, the newest: it was replayed. */
  readonly example: string;
  readonly replayed: Replayed;
  runs: number;
}

/**
 * Replays one run of each distinct path against code. In memory are some journals at a time, and a line for each path.
 * @param read told after each run how many there were
 */
export async function checkRuns(
  source: RunSource,
  filter: SourceFilter,
  workflows: readonly AnyDefinition[],
  options: ReplayOptions,
  read: (runs: number) => void,
): Promise<CheckedPath[]> {
  const paths = new Map<string, CheckedPath>();
  let runs = 0;
  for await (const { run, commits } of journals(source, filter)) {
    read(++runs);
    const { workflow, version } = run;
    const path = pathOf(commits);
    const key = `${workflow}@${version} ${path}`;
    const known = paths.get(key);
    if (known !== undefined) {
      known.runs++;
      continue;
    }
    const replayed = await replayJournal(workflows, exportOf(storedOf(run, commits), 'store', 0), options);
    paths.set(key, { workflow, version, path, example: run.id, replayed, runs: 1 });
  }
  return [...paths.values()];
}

async function* journals(
  source: RunSource,
  filter: SourceFilter,
): AsyncGenerator<{ run: RunRecord; commits: readonly Commit[] }> {
  const read = async (run: RunRecord) => ({ run, commits: await source.journal(run) });
  const present = async function* (batch: readonly RunRecord[]) {
    for (const { run, commits } of await Promise.all(batch.map(read)))
      if (commits !== null) yield { run, commits };
  };
  let batch: RunRecord[] = [];
  for await (const run of source.list(filter)) {
    batch.push(run);
    if (batch.length < AT_ONCE) continue;
    yield* present(batch);
    batch = [];
  }
  yield* present(batch);
}

/** As much of a run as a replay needs. */
function storedOf(run: RunRecord, commits: readonly Commit[]) {
  const journal = commits.map(({ position, at, events }) => {
    return { position, at, count: events.length, events: JSON.stringify(events) };
  });
  return {
    run,
    journal,
    inbox: [],
    callbacks: [],
    slot: null,
    debounceKey: null,
    outcomes: [],
    artifacts: [],
  };
}
