import type { ArtifactOwner } from '../store/records.ts';
import { folderOf, hashOfKey, runOfFolder } from './folder.ts';
import { isOwnersKey } from './ownership.ts';
import type { ShelfParts } from './shelf.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** For so long files wait for the start of the run that they were written for. */
const LONGEST_PREPARATION = 30 * DAY;
const PAGE = 1_000;

/** How much a sweep has removed. */
export interface Swept {
  /** Writes that broke off more than an hour ago; on S3, a day more, as an upload may take long. */
  readonly unfinished: number;
  /** Contents that no record names, written more than a day ago: of purged runs, or of a crash before the record. */
  readonly contents: number;
  /** Runs that files were prepared for more than 30 days ago, and that never were started: their records. */
  readonly unstarted: number;
}

/**
 * Removes what crashes and purges have left. A writer that is slow, or writes what is there already, is safe: what it is
 * about to put on record was written less than a day ago, and every deletion looks at that again.
 * @throws StepwellError `ARTIFACTS_OWNED_ELSEWHERE`: nothing was removed; `STORE_…`
 */
export async function sweep(
  parts: ShelfParts,
  hasRun: (run: ArtifactOwner) => Promise<boolean>,
): Promise<Swept> {
  await parts.ownership.demand();
  const now = parts.now();
  return {
    unfinished: await parts.contents.clean(now - HOUR),
    unstarted: await dropUnstarted(parts, hasRun, now - LONGEST_PREPARATION),
    contents: await deleteUnnamed(parts, now - DAY),
  };
}

async function deleteUnnamed({ contents, records, ownership }: ShelfParts, before: number): Promise<number> {
  let deleted = 0;
  let longIds: Map<string, ArtifactOwner> | null = null;
  let folder = '';
  let named = new Set<string>();
  for await (const { key, writtenAt } of contents.list('')) {
    const hash = hashOfKey(key);
    // What else lies there (somebody gave a folder that is in use) is not ours to remove.
    if (hash === null || isOwnersKey(key) || writtenAt >= before) continue;
    const end = key.lastIndexOf('/');
    if (key.slice(0, end) !== folder) {
      folder = key.slice(0, end);
      const run = runOfFolder(folder) ?? (longIds ??= await runsByFolder(records)).get(folder);
      const ofRun = run === undefined ? [] : await records.artifacts(run.namespace, run.run);
      named = new Set(ofRun.map(({ hash }) => hash));
    }
    if (named.has(hash)) continue;
    // It may take hours, and the place be given to another store meanwhile.
    await ownership.demand();
    await contents.delete(key, before);
    deleted++;
  }
  return deleted;
}

/** Of the runs whose ids are too long for a folder to tell them: few or none. */
async function runsByFolder(records: ShelfParts['records']): Promise<Map<string, ArtifactOwner>> {
  const runs = new Map<string, ArtifactOwner>();
  for await (const run of allRuns(records)) {
    const folder = folderOf(run.namespace, run.run);
    if (runOfFolder(folder) === null) runs.set(folder, run);
  }
  return runs;
}

async function dropUnstarted(
  { records }: ShelfParts,
  hasRun: (run: ArtifactOwner) => Promise<boolean>,
  before: number,
): Promise<number> {
  let dropped = 0;
  for await (const run of allRuns(records)) {
    if (await hasRun(run)) continue;
    const files = await records.artifacts(run.namespace, run.run);
    if (files.some(({ createdAt }) => createdAt >= before)) continue;
    await records.dropArtifacts(run.namespace, run.run);
    dropped++;
  }
  return dropped;
}

async function* allRuns(records: ShelfParts['records']): AsyncGenerator<ArtifactOwner> {
  let after: ArtifactOwner | null = null;
  for (;;) {
    const page: ArtifactOwner[] = await records.artifactRuns(after, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)!;
  }
}
