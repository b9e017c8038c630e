import { createHash } from 'node:crypto';
import type { Payload } from '../model/codec.ts';
import { isStepwellError } from '../model/errors.ts';
import type { Commit, JournalEvent } from '../model/event.ts';
import { hasReference, isReference, notLoaded, PAYLOAD_FIELDS } from '../model/reference.ts';
import type { RunRecord } from '../model/run.ts';
import { alteredStore } from '../store/altered.ts';
import type { ClaimedRun } from '../store/claim.ts';
import type { News, StartAnswer, Store } from '../store/contract.ts';
import type { ArtifactStore } from './contract.ts';
import { hashOfKey } from './folder.ts';

/** After how long a place that could not be reached is asked again (ms). Claims wait for it. */
const PAUSES = [100, 1_000, 5_000] as const;

export interface LoadingParts {
  readonly contents: ArtifactStore;
  readonly timer: (delay: number, callback: () => void) => unknown;
  /** Is told why a run that was claimed goes without a payload. */
  readonly report: (error: unknown) => void;
}

/** Fetches what references stand for. What cannot be loaded stays a reference. */
export interface Loader {
  payload(payload: Payload | undefined): Promise<Payload | undefined>;
  run(run: RunRecord): Promise<RunRecord>;
  event(event: JournalEvent): Promise<JournalEvent>;
}

export function loaderOf(parts: LoadingParts): Loader {
  const load = (payload: Payload | undefined) => loadPatiently(parts, payload);
  return {
    payload: (payload) => load(payload).catch(() => payload),
    run: (run) => recordWith(run, load).catch(() => run),
    event: (event) => eventWith(event, load).catch(() => event),
  };
}

/** Where nothing is kept elsewhere. */
export const NOTHING_TO_LOAD: Loader = {
  payload: (payload) => Promise.resolve(payload),
  run: (run) => Promise.resolve(run),
  event: (event) => Promise.resolve(event),
};

/**
 * A store whose large payloads are where the artifacts are, as if they were in it: what it hands out for executing a run
 * and for looking at one has them. Lists, the feed, and what is dumped have the references.
 *
 * So has a run whose payload cannot be loaded, here as well: it can still be looked at and controlled, and holds no other
 * up. Whoever needs the value gets `PAYLOAD_NOT_LOADED`: such a run becomes stuck.
 */
export function loadingStore(store: Store, parts: LoadingParts): Store {
  const { report } = parts;
  const load = (payload: Payload | undefined) => loadPatiently(parts, payload);
  const loader = loaderOf(parts);
  const recordOf = (run: RunRecord) => loader.run(run);
  const claimedWith = async (claimed: ClaimedRun): Promise<ClaimedRun> => {
    try {
      const run = await recordWith(claimed.run, load);
      const journal = claimed.journal === null ? null : await commitsWith(claimed.journal, load);
      return { ...claimed, run, journal };
    } catch (error) {
      report(error);
      return claimed;
    }
  };
  const answerWith = async (answer: StartAnswer): Promise<StartAnswer> =>
    answer.created ? answer : { ...answer, existing: await recordOf(answer.existing) };
  const inside: Partial<Store> = {
    claim: async (request) => {
      const answer = await store.claim(request);
      return { ...answer, runs: await Promise.all(answer.runs.map(claimedWith)) };
    },
    start: async (runs, owner) => Promise.all((await store.start(runs, owner)).map(answerWith)),
    get: async (namespace, id) => {
      const run = await store.get(namespace, id);
      return run === null ? null : recordOf(run);
    },
    journal: async (run, from, limit) => {
      const commits = await store.journal(run, from, limit);
      return commitsWith(commits, load).catch(() => commits);
    },
    ...(store.inTransaction === undefined
      ? {}
      : {
          inTransaction: (client: unknown) => {
            const joined = store.inTransaction!(client);
            return {
              start: async (...starts: Parameters<Store['start']>) =>
                Promise.all((await joined.start(...starts)).map(answerWith)),
              deliver: (...deliveries: Parameters<Store['deliver']>) => joined.deliver(...deliveries),
            };
          },
        }),
    subscribe: (listener) => store.subscribe((news) => listener(withoutReference(news))),
  };
  return alteredStore(store, inside);
}

type Load = (payload: Payload | undefined) => Promise<Payload | undefined>;

async function recordWith(run: RunRecord, load: Load): Promise<RunRecord> {
  if (!isReference(run.input) && !isReference(run.output)) return run;
  return { ...run, input: await load(run.input), output: await load(run.output) };
}

async function commitsWith(commits: readonly Commit[], load: Load): Promise<Commit[]> {
  const loaded: Commit[] = [];
  for (const commit of commits)
    loaded.push(
      commit.events.some(hasReference)
        ? { ...commit, events: await Promise.all(commit.events.map((event) => eventWith(event, load))) }
        : commit,
    );
  return loaded;
}

async function eventWith(event: JournalEvent, load: Load): Promise<JournalEvent> {
  if (!hasReference(event)) return event;
  const loaded: Record<string, unknown> = { ...event };
  for (const field of PAYLOAD_FIELDS)
    if (loaded[field] !== undefined) loaded[field] = await load(loaded[field] as Payload);
  return loaded as unknown as JournalEvent;
}

async function loadPatiently(
  { contents, timer }: LoadingParts,
  payload: Payload | undefined,
): Promise<Payload | undefined> {
  for (const pause of PAUSES) {
    try {
      return await loadPayload(contents, payload);
    } catch (error) {
      if (isStepwellError(error, 'PAYLOAD_NOT_LOADED')) throw error;
    }
    await new Promise<void>((resolve) => void timer(pause, resolve));
  }
  return loadPayload(contents, payload);
}

async function loadPayload(
  contents: ArtifactStore,
  payload: Payload | undefined,
): Promise<Payload | undefined> {
  if (!isReference(payload)) return payload;
  // Nothing else than contents is ever read for a reference.
  const hash = hashOfKey(payload.key);
  const content = hash === null ? null : await contents.read(payload.key);
  if (content === null) throw notLoaded(payload, 'there is nothing');
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (createHash('sha256').update(bytes).digest('hex') !== hash)
    throw notLoaded(payload, 'it has another hash');
  return JSON.parse(bytes.toString()) as Payload;
}

/** How a run ended is in the news only where that is at hand. */
function withoutReference(news: News): News {
  if (news.type !== 'journal' || news.end === undefined || !isReference(news.end.output)) return news;
  const { end: _, ...rest } = news;
  return rest;
}
