import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import {
  type FinalStatus,
  isFinal,
  type NewRun,
  type RunRecord,
} from '../../packages/stepwell/src/model/run.ts';
import type {
  CallbackFact,
  ClaimRequest,
  CommitRequest,
  Delivery,
  RunChange,
  RunQuery,
  Store,
} from '../../packages/stepwell/src/store/contract.ts';
import { end, FAILURE, newRun, release, step } from './fixtures.ts';
import type { Random } from './random.ts';

/** The key of a run that never was. */
export const NO_RUN = 4711;

const IDS = Array.from({ length: 12 }, (_, n) => `run ${n}`);
const WORKERS = ['w1', 'w2', 'w3'];
const KINDS = ['order@1', 'order@2', 'mail@1'];
const QUEUES = ['default', 'slow'];
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
      [4, () => this.#query(runs)],
    ])();
  }

  #call(name: string, make: (store: Store, now: number) => Promise<unknown>): Call {
    const now = this.#now;
    return { name, make: (store) => make(store, now) };
  }

  #newRun(): NewRun {
    const { pick, chance, below } = this.#random;
    const [workflow = '', version = ''] = pick(KINDS).split('@');
    return newRun(pick(IDS), {
      workflow,
      version,
      queue: pick(QUEUES),
      priority: chance(0.3) ? below(3) : 0,
      readyAt: this.#now + (chance(0.3) ? below(400) : 0),
      input: below(100),
      concurrencyKey: chance(0.5) ? pick(['k1', 'k2']) : null,
      concurrencyLimit: 1 + below(3),
      createdAt: this.#now,
    });
  }

  #start(): Call {
    const runs = Array.from({ length: 1 + this.#random.below(3) }, () => this.#newRun());
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
    const active = runs.filter(({ status, startedAt }) => startedAt !== null && !isFinal(status));
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
              run: { ...this.#newRun(), parent: { key: NO_RUN, id: run.id, op: 'child' } },
              refusal: { type: 'child', op: 'child', child: run.id, outcome: { ok: false, error: FAILURE } },
            },
          ]
        : [],
      deliver: chance(0.2)
        ? [
            {
              run: chance(0.5) ? { key: other?.key ?? 0 } : { namespace: 'default', id: pick(IDS) },
              fact: this.#fact(),
            },
          ]
        : [],
      change: this.#change(taken + below(run.delivered - taken + 1)),
    });
  }

  #change(seen: number): RunChange | null {
    const { weighted, pick, chance, below } = this.#random;
    return weighted<() => RunChange | null>([
      [4, () => null],
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

  #fact(): Fact {
    return this.#random.weighted<Fact>([
      [6, { type: 'event', name: 'e', value: this.#random.below(100) }],
      [1, { type: 'pause' }],
      [1, { type: 'resume' }],
      [1, { type: 'cancel', cause: 'request' }],
      [1, { type: 'cancel', cause: 'request', force: true }],
      [2, { type: 'reopen' }],
    ]);
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
    const fact = byCallback ? completion : this.#fact();
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
    const { pick, chance, below } = this.#random;
    const [workflow = '', version = ''] = pick(KINDS).split('@');
    const key = pick(runs)?.key;
    const query: RunQuery = {
      namespace: 'default',
      limit: below(9),
      ...(chance(0.4) ? { workflow } : {}),
      ...(chance(0.2) ? { version } : {}),
      ...(chance(0.2) ? { queue: pick(QUEUES) } : {}),
      ...(chance(0.4)
        ? { statuses: this.#random.some(['queued', 'running', 'waiting', 'stuck', 'failed']) }
        : {}),
      ...(chance(0.1) ? { parent: NO_RUN } : {}),
      ...(chance(0.2) ? { createdFrom: this.#now - below(2000) } : {}),
      ...(chance(0.2) ? { createdBefore: this.#now - below(1000) } : {}),
    };
    const paged = key !== undefined && chance(0.3);
    return {
      name: 'query',
      make: (store, keyIn) => store.query(paged ? { ...query, below: keyIn(key) } : query),
    };
  }
}
