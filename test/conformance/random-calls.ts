import {
  type FinalStatus,
  isFinal,
  type NewRun,
  type RunRecord,
} from '../../packages/stepwell/src/model/run.ts';
import type { ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitRequest, RunChange } from '../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { CallbackFact, Delivery } from '../../packages/stepwell/src/store/delivery.ts';
import type { FeedCommit } from '../../packages/stepwell/src/store/feed.ts';
import { end, FAILURE, release, step } from './fixtures.ts';
import {
  IDS,
  KINDS,
  NO_RUN,
  QUEUES,
  randomCriteria,
  randomFact,
  randomQuery,
  randomQueueChange,
  randomRun,
  TAGS,
} from './random-runs.ts';
import type { Random } from './random.ts';

const WORKERS = ['w1', 'w2', 'w3'];
const CALLBACKS = ['cb1', 'cb2', 'cb3', 'cb4'];
const FINAL: readonly FinalStatus[] = ['succeeded', 'failed', 'cancelled', 'timed_out', 'continued'];

/** A call of the contract, so that it can be made on several stores. Keys of runs are those of the model. */
export type Call = {
  readonly name: string;
  readonly make: (store: Store, keyIn: (key: number) => number) => Promise<unknown>;
};

/** Draws calls such as an engine could make, from the state of a store that has had all calls before. */
export class RandomCalls {
  readonly #random: Random;
  readonly #model: Store;
  #now = 1000;
  /** Of each store, where its feed ended when it was read. */
  readonly #cursors = new Map<Store, string[]>();
  #feeds = 0;

  constructor(random: Random, model: Store) {
    this.#random = random;
    this.#model = model;
  }

  async next(): Promise<Call> {
    this.#now += this.#random.below(3) * this.#random.below(200);
    const runs = await this.#model.query({ namespace: 'default', limit: 1000 });
    return this.#random.weighted<() => Call | Promise<Call>>([
      [12, () => this.#start()],
      [30, () => this.#commit(runs)],
      [18, () => this.#deliver(runs)],
      [18, () => this.#claim()],
      [6, () => this.#register()],
      [3, () => this.#heartbeat()],
      [1, () => this.#retire()],
      [2, () => this.#call('expire', (store, now) => store.expire(now))],
      [4, () => this.#call('strand', (store, now) => store.strand(now, FAILURE))],
      [5, () => this.#purge(runs)],
      [2, () => this.#setQueue()],
      [4, () => this.#query(runs)],
      [2, () => this.#count(runs)],
      [3, () => this.#feed()],
      [2, () => this.#request()],
      [2, () => this.#artifact()],
    ])();
  }

  #call(name: string, make: (store: Store, now: number) => Promise<unknown>): Call {
    const now = this.#now;
    return { name, make: (store) => make(store, now) };
  }

  #start(): Call {
    const runs = Array.from({ length: 1 + this.#random.below(3) }, () => randomRun(this.#random, this.#now));
    const owner = this.#random.chance(0.8) ? this.#random.pick([...WORKERS, 'gone']) : undefined;
    return this.#call('start', (store) => store.start(runs, owner));
  }

  async #commit(runs: readonly RunRecord[]): Promise<Call> {
    const requests: CommitRequest[] = [];
    const batch = 1 + this.#random.below(3);
    for (let n = 0; n < batch; n++) requests.push(await this.#commitOf(runs));
    return {
      name: 'commit',
      make: (store, keyIn) =>
        store.commit(
          requests.map((request) => ({
            ...request,
            run: keyIn(request.run),
            starts: request.starts.map(({ run, refusal }) => ({ run: withParent(run, keyIn), refusal })),
            deliver: request.deliver.map(({ run, fact }) => ({
              run: 'key' in run ? { key: keyIn(run.key) } : run,
              fact,
            })),
          })),
        ),
    };
  }

  async #commitOf(runs: readonly RunRecord[]): Promise<CommitRequest> {
    const { pick, chance, below, some } = this.#random;
    // Only who has claimed a run commits to it; some commits come from a worker that has lost it since.
    const active = runs.filter(
      ({ status, startedAt, owner }) => (startedAt !== null || owner !== null) && !isFinal(status),
    );
    const run = chance(0.95) ? pick(active.filter(({ owner }) => owner !== null || chance(0.1))) : undefined;
    if (run === undefined) return step(pick(runs)?.key ?? NO_RUN, 0);
    const commits = await this.#model.journal(run.key, 0, 1000);
    const last = commits.at(-1);
    const free = last === undefined ? 0 : last.position + last.events.length;
    const taken = below(run.delivered + 1);
    const other = pick(runs);
    return step(run.key, chance(0.9) ? free : (pick(commits)?.position ?? 0), {
      at: this.#now,
      taken,
      open: chance(0.2) ? [{ callback: pick(CALLBACKS), op: `op ${below(9)}` }] : [],
      close: chance(0.1) ? some(CALLBACKS) : [],
      starts: chance(0.2)
        ? [
            {
              run: {
                ...this.#child(),
                parent: { key: run.key, id: run.id, op: chance(0.8) ? 'child' : null },
              },
              refusal: { type: 'child', op: 'child', child: run.id, outcome: { ok: false, error: FAILURE } },
            },
          ]
        : [],
      deliver: chance(0.2)
        ? [
            {
              run: chance(0.5) ? { key: other?.key ?? 0 } : { namespace: 'default', id: pick(IDS) },
              fact: randomFact(this.#random),
            },
          ]
        : [],
      // Who is given a run that has not begun in time can only end it.
      change:
        run.startedAt === null
          ? end('timed_out', { endedAt: this.#now })
          : this.#change(taken + below(run.delivered - taken + 1)),
    });
  }

  #change(seen: number): RunChange | null {
    const { weighted, pick, chance, below, some } = this.#random;
    return weighted<() => RunChange | null>([
      [4, () => null],
      [1, () => ({ tags: some(TAGS), ...(chance(0.3) ? end('failed', { endedAt: this.#now }) : {}) })],
      [1, () => ({ progress: { percent: below(100) }, statusText: `text ${below(9)}` })],
      [
        4,
        () =>
          release({
            status: pick(['queued', 'waiting', 'waiting', 'paused', 'stuck']),
            readyAt: chance(0.5) ? this.#now + below(300) : null,
            waitingFor: [{ kind: 'event', op: 'e' }],
            seen,
            parkedBy: chance(0.5) ? pick(WORKERS) : null,
            ...(chance(0.2) ? { error: FAILURE } : {}),
          }),
      ],
      [2, () => end(pick(FINAL), { endedAt: this.#now, output: chance(0.5) ? below(9) : undefined })],
    ])();
  }

  /** Only a start can be a debounced one. */
  #child(): NewRun {
    const { debounce: _, ...run } = randomRun(this.#random, this.#now);
    return run;
  }

  #setQueue(): Call {
    const change = randomQueueChange(this.#random, this.#now);
    return this.#call('setQueue', async (store) => {
      await store.setQueue(change);
      return store.queues('default');
    });
  }

  #deliver(runs: readonly RunRecord[]): Call {
    const { chance, pick } = this.#random;
    const callback = pick(CALLBACKS);
    const completion: CallbackFact = chance(0.5)
      ? { type: 'callback', callback, outcome: { ok: true, value: 1 } }
      : { type: 'heartbeat', callback };
    const key = pick(runs)?.key ?? NO_RUN;
    const id = pick(IDS);
    const byCallback = chance(0.3);
    const byKey = chance(0.5);
    const fact = byCallback ? completion : randomFact(this.#random);
    return {
      name: 'deliver',
      make: this.#delivering(fact, (keyIn) =>
        byCallback ? { callback } : byKey ? { key: keyIn(key) } : { namespace: 'default', id },
      ),
    };
  }

  #delivering(fact: Delivery['fact'], to: (keyIn: (key: number) => number) => Delivery['to']): Call['make'] {
    const now = this.#now;
    return (store, keyIn) => store.deliver([{ to: to(keyIn), now, fact }]);
  }

  #claim(): Call {
    const { pick, some, chance, below } = this.#random;
    const request: ClaimRequest = {
      worker: pick(WORKERS),
      kinds: some(KINDS),
      queues: chance(0.7) ? null : some(QUEUES),
      limit: below(5),
      now: this.#now,
    };
    return this.#call('claim', (store) => store.claim(request));
  }

  #register(): Call {
    const { pick, some, chance, below } = this.#random;
    const worker = {
      id: pick(WORKERS),
      name: 'worker',
      kinds: some(KINDS),
      queues: chance(0.6) ? null : some(QUEUES),
      startedAt: this.#now,
      heartbeatAt: this.#now,
      expiresAt: this.#now + 500 + below(1000),
    };
    return this.#call('register', (store) => store.register(worker));
  }

  #heartbeat(): Call {
    const worker = this.#random.pick(WORKERS);
    return this.#call('heartbeat', (store, now) => store.heartbeat(worker, now, now + 1000));
  }

  #retire(): Call {
    const worker = this.#random.pick(WORKERS);
    return this.#call('retire', (store, now) => store.retire(worker, now));
  }

  #purge(runs: readonly RunRecord[]): Call {
    const { pick, chance } = this.#random;
    const ended = runs.filter(({ status }) => isFinal(status)).map(({ id }) => id);
    const id = chance(0.8) && ended.length > 0 ? pick(ended) : pick(IDS);
    return this.#call('purge', (store) => store.purge('default', id));
  }

  #query(runs: readonly RunRecord[]): Call {
    const { pick, chance } = this.#random;
    const key = pick(runs)?.key;
    const query = randomQuery(this.#random, this.#now);
    const paged = key !== undefined && chance(0.3);
    return {
      name: 'query',
      make: (store, keyIn) => store.query(paged ? { ...query, below: keyIn(key) } : query),
    };
  }

  /** What has come since an earlier call, in pages; within a transaction stores have their own order. */
  #feed(): Call {
    const { below, chance } = this.#random;
    const since = below(this.#feeds + 1);
    this.#feeds++;
    const limit = 1 + below(20);
    const filter = chance(0.3) ? { tag: 't1' } : {};
    return {
      name: 'feed',
      make: async (store) => {
        const cursors = this.#cursors.get(store) ?? [''];
        this.#cursors.set(store, cursors);
        const commits: FeedCommit[] = [];
        for (let [after, more] = [cursors[since]!, true]; more; ) {
          const page = await store.feed({ namespace: 'default', after, limit, ...filter });
          commits.push(...page.commits);
          [after, more] = [page.cursor, page.more];
          if (!more) cursors.push(after);
        }
        const byPlace = (a: FeedCommit, b: FeedCommit) =>
          a.run - b.run || a.commit.position - b.commit.position;
        return commits.toSorted(byPlace).map(({ cursor: _, ...commit }) => commit);
      },
    };
  }

  #request(): Call {
    const { pick, chance, below } = this.#random;
    const [namespace, key] = ['default', pick(['k1', 'k2', 'k3'])];
    const fingerprint = `f${below(3)}`;
    const lasts = below(90_000);
    const [begins, forgets] = [chance(0.6), chance(0.2)];
    const answer = chance(0.7) ? `answer ${below(9)}` : null;
    return this.#call('request', async (store, now) => {
      if (forgets) await store.forgetRequests(now);
      return begins
        ? store.beginRequest({ namespace, key, fingerprint, now, expiresAt: now + lasts })
        : store.answerRequest({ namespace, key, answer });
    });
  }

  #artifact(): Call {
    const { pick, chance, below } = this.#random;
    const artifact = {
      namespace: 'default',
      run: pick(IDS),
      name: pick(['x', 'y']),
      size: below(3),
      hash: `h${below(3)}`,
      contentType: 'text/plain',
      createdAt: this.#now,
      ...(chance(0.3) ? { expected: below(3) } : {}),
    };
    const drops = chance(0.1);
    return this.#call('artifact', async (store) => {
      const saved = drops
        ? await store.dropArtifacts('default', artifact.run)
        : await store.saveArtifact(artifact);
      return [saved, await store.artifacts('default', artifact.run), await store.artifactRuns(null, 5)];
    });
  }

  #count(runs: readonly RunRecord[]): Call {
    const { pick, chance } = this.#random;
    const criteria = randomCriteria(this.#random, this.#now);
    const parent = pick(runs)?.parent?.key;
    const ofParent = parent !== undefined && chance(0.4);
    return {
      name: 'count',
      make: (store, keyIn) => store.count(ofParent ? { ...criteria, parent: keyIn(parent) } : criteria),
    };
  }
}

function withParent(run: NewRun, keyIn: (key: number) => number): NewRun {
  return run.parent === null ? run : { ...run, parent: { ...run.parent, key: keyIn(run.parent.key) } };
}
