import { expect, test } from 'vitest';
import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { Deeds } from './deeds.ts';
import { PassThroughStore } from './pass-through-store.ts';
import { StoreRules } from './store-rules.ts';
import { Violations } from './violation.ts';

const LATER = 1_000;

function run(id: string, more: Partial<NewRun> = {}): NewRun {
  return {
    namespace: 'default',
    id,
    workflow: 'w',
    version: '1',
    queue: 'default',
    priority: 0,
    readyAt: 0,
    input: undefined,
    parent: null,
    timeout: null,
    concurrencyKey: null,
    concurrencyLimit: 1,
    createdAt: 0,
    ...more,
  };
}

const claim: ClaimRequest = { worker: 'me', kinds: ['w@1'], queues: null, limit: 10, now: 0 };

function commit(more: Partial<CommitRequest>): CommitRequest {
  return {
    run: 1,
    position: 0,
    at: 0,
    events: '[{"type":"run.activated","worker":"me","format":1}]',
    count: 1,
    taken: 0,
    open: [],
    close: [],
    starts: [],
    deliver: [],
    change: null,
    ...more,
  };
}

const end = commit({
  change: {
    end: { status: 'succeeded', output: undefined, error: undefined, continuedBy: null, endedAt: 0 },
  },
});

/** A store that asks, or answers, for something else than it was asked for. */
class WrongClaims extends PassThroughStore {
  readonly #ask: Partial<ClaimRequest>;
  readonly #answer: (answer: ClaimAnswer) => ClaimAnswer;

  constructor(ask: Partial<ClaimRequest>, answer: (answer: ClaimAnswer) => ClaimAnswer = (same) => same) {
    super(openMemoryStore());
    this.#ask = ask;
    this.#answer = answer;
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#answer(await this.inner.claim({ ...request, ...this.#ask }));
  }
}

class KeepsPurged extends PassThroughStore {
  override async purge(): Promise<boolean> {
    return true;
  }
}

/** Has forgotten the keys of its runs. */
class NoKeys extends WrongClaims {
  constructor() {
    const withKey = ({ runs, ...more }: ClaimAnswer): ClaimAnswer => ({
      ...more,
      runs: runs.map((claimed) => ({ ...claimed, run: { ...claimed.run, concurrencyKey: 'k' } })),
    });
    super({}, withKey);
  }
}

async function rulesOver(inner: Store): Promise<StoreRules> {
  const rules = new StoreRules(inner, new Violations(), new Deeds());
  const worker = { id: 'me', name: 'me', kinds: ['w@1'], queues: null, startedAt: 0, heartbeatAt: 0 };
  await rules.register({ ...worker, expiresAt: LATER });
  return rules;
}

test.each<[string, Store, readonly NewRun[], ClaimRequest, RegExp]>([
  [
    'more runs than there is room for',
    new WrongClaims({ limit: 9 }),
    [run('a'), run('b')],
    { ...claim, limit: 1 },
    /room for 1/,
  ],
  [
    'a run before its time',
    new WrongClaims({ now: LATER }),
    [run('a', { readyAt: 5 })],
    claim,
    /5 ms too early/,
  ],
  [
    'a run of another queue',
    new WrongClaims({ queues: null }),
    [run('a', { queue: 'q' })],
    { ...claim, queues: ['p'] },
    /does not fit/,
  ],
  ['two runs of a key', new NoKeys(), [run('a'), run('b')], claim, /one too many of the key/],
  [
    'the less urgent first',
    new WrongClaims({}, ({ runs, ...more }) => ({ ...more, runs: runs.toReversed() })),
    [run('a', { priority: 2 }), run('b')],
    claim,
    /is more urgent/,
  ],
])('that a worker is given %s is seen', async (_, inner, runs, request, message) => {
  const rules = await rulesOver(inner);
  await rules.start(runs);
  await expect(rules.claim(request)).rejects.toThrow(message);
});

test('a purge that leaves the run is seen', async () => {
  const rules = await rulesOver(new KeepsPurged(openMemoryStore()));
  await rules.start([run('a')]);
  await rules.claim(claim);
  await rules.commit([end]);
  await expect(rules.purge('default', 'a')).rejects.toThrow('was purged, and is still there');
});

test('a purge of a run that has not ended is seen', async () => {
  const rules = await rulesOver(new KeepsPurged(openMemoryStore()));
  await rules.start([run('a')]);
  await expect(rules.purge('default', 'a')).rejects.toThrow('had not ended');
});

test('a wait that is given up before what had come was looked at is seen', async () => {
  const rules = await rulesOver(openMemoryStore());
  await rules.start([run('a')]);
  const to = { namespace: 'default', id: 'a' };
  await rules.deliver([{ to, now: 0, fact: { type: 'event', name: 'e' } }]);
  await rules.claim(claim);
  const error = { name: 'StepwellError', message: '', code: 'WAIT_TIMED_OUT' };
  const givenUp = JSON.stringify([{ type: 'operation.failed', op: 'e', error }]);
  await expect(rules.commit([commit({ events: givenUp })])).rejects.toThrow('had not looked at fact 1');
});

test('a pause that is taken in and does not hold is seen', async () => {
  const rules = await rulesOver(openMemoryStore());
  await rules.start([run('a')]);
  const to = { namespace: 'default', id: 'a' };
  for (const type of ['pause', 'resume', 'pause'] as const)
    await rules.deliver([{ to, now: 0, fact: { type } }]);
  await rules.claim(claim);
  await expect(rules.commit([commit({ taken: 3 })])).rejects.toThrow(
    'is not paused, but was last asked to pause',
  );
});
