import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ArtifactStore, ByteRange, StoredContent } from '../../src/artifacts/contract.ts';
import { MemoryArtifacts } from '../../src/artifacts/memory-store.ts';
import { Ownership } from '../../src/artifacts/ownership.ts';
import { Stepwell, StepwellError, workflow, type OpenOptions } from '../../src/index.ts';
import { MemoryStore, openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { chunks, sha256 } from '../../../../test/conformance/artifacts/contents.ts';
import { gather } from '../gather.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';
import { filesIn } from './files.ts';

const nothing = workflow('nothing', async () => null);
const ELSEWHERE = { code: 'ARTIFACTS_OWNED_ELSEWHERE' };

async function open(options: Partial<OpenOptions>): Promise<Stepwell> {
  const well = await Stepwell.open({ store: 'memory:', workflows: [nothing], ...options });
  onTestFinished(() => well.close({ grace: 0 }));
  return well;
}

test('an engine that would execute runs does not open on the place of another', async () => {
  const artifacts = `file:${temporaryDirectory()}`;
  await open({ artifacts });
  await expect(open({ artifacts })).rejects.toMatchObject(ELSEWHERE);
  // One that executes nothing can look, and is refused when it writes.
  const looks = await open({ artifacts, worker: false });
  await expect(looks.artifacts.write('r', 'f', 'x')).rejects.toMatchObject(ELSEWHERE);
});

test('a file of runs has the same place in every life, also after it was restored from a backup', async () => {
  const folder = temporaryDirectory();
  const [path, artifacts] = [join(folder, 'stepwell.db'), `file:${folder}/files`];
  for (const text of ['one', 'two']) {
    const well = await open({ store: `sqlite:${path}`, artifacts });
    await well.artifacts.write('r', 'f', text);
    await well.close();
  }
  const restored = join(folder, 'restored.db');
  copyFileSync(path, restored);
  const well = await open({ store: `sqlite:${restored}`, artifacts });
  expect(await (await well.artifacts.read('r', 'f')).text()).toBe('two');
  expect(await well.artifacts.write('r', 'f', 'three')).toMatchObject({ number: 3 });
});

test('a file that was made anew beside the files of another is refused, and told how to take them over', async () => {
  const folder = temporaryDirectory();
  const old = await open({ store: `sqlite:${join(folder, 'old.db')}`, artifacts: `file:${folder}/files` });
  await old.artifacts.write('r', 'f', 'kept');
  await old.close();
  const anew = { store: `sqlite:${join(folder, 'new.db')}`, artifacts: `file:${folder}/files` };
  await expect(open(anew)).rejects.toThrow(/sqlite [0-9a-f]{32}, since 20.*stepwell artifacts adopt/);
  const taker = await open({ ...anew, worker: false });
  await taker.artifacts.adopt();
  await taker.close();
  const next = await open(anew);
  await next.artifacts.write('r', 'f', 'of the new');
  expect(filesIn(join(folder, 'files'))).toHaveLength(2);
});

test('a place that cannot be reached does not keep an engine from opening', async () => {
  class Unreachable extends MemoryArtifacts {
    isThere = false;
    override async *list(prefix: string): AsyncGenerator<StoredContent> {
      if (!this.isThere) throw new StepwellError('STORE_UNREACHABLE', 'gone for a moment');
      yield* super.list(prefix);
    }
  }
  const artifacts = new Unreachable(() => Date.now());
  const reports: unknown[] = [];
  const well = await open({ artifacts, onError: (error) => reports.push(error) });
  expect(reports).toMatchObject([{ code: 'STORE_UNREACHABLE' }]);
  await expect(well.artifacts.write('r', 'f', 'x')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  artifacts.isThere = true;
  await well.artifacts.write('r', 'f', 'x');
});

test('a purge by a store that has lost its place leaves what the other has', async () => {
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  const artifacts = new MemoryArtifacts(() => clock.now());
  const reports: unknown[] = [];
  const parts = { artifacts, system: clock.system, onError: (error: unknown) => reports.push(error) };
  const loser = await open({ ...parts, store: openMemoryStore() });
  await loser.artifacts.write('r', 'f', 'the same');
  await (await loser.start(nothing, undefined, { id: 'r' })).result();
  const winner = await open({ ...parts, store: openMemoryStore(), worker: false });
  await winner.artifacts.adopt();
  await winner.artifacts.write('r', 'f', 'the same');
  await clock.advance('2m');
  await loser.purge('r');
  expect(reports).toMatchObject([ELSEWHERE]);
  expect(await (await winner.artifacts.read('r', 'f')).text()).toBe('the same');
});

test('a large value waits for a place that is its store’s own', async () => {
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  const artifacts = new MemoryArtifacts(() => clock.now());
  const reports: unknown[] = [];
  const makes = workflow('makes', async (ctx) => {
    await ctx.sleep('1h');
    return ctx.step('make', () => 'x'.repeat(2_000));
  });
  const store = openMemoryStore();
  const parts = { artifacts, system: clock.system, limits: { payloadBytes: 1_000 }, workflows: [makes] };
  const well = await open({ ...parts, store, onError: (error) => reports.push(error) });
  const run = await well.start(makes);
  await clock.settle();
  const other = await open({ ...parts, store: openMemoryStore(), worker: false });
  await other.artifacts.adopt();
  await clock.advance('2h');
  expect(reports[0]).toMatchObject(ELSEWHERE);
  expect((await run.info()).status).toBe('running');
  await well.artifacts.adopt();
  await clock.advance('1m');
  expect(await run.result()).toBe('x'.repeat(2_000));
});

/** Each call to the place waits until it is its turn: what comes first is decided by a seed. */
class Turns implements ArtifactStore {
  readonly kind = 'turns';
  readonly #contents = new MemoryArtifacts(() => Date.now());
  readonly #waiting: (() => void)[] = [];
  readonly #next: (below: number) => number;

  constructor(seed: number) {
    let state = seed;
    this.#next = (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 8) % below;
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Until nobody waits any more. */
  async play(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      if (this.#waiting.length === 0) return;
      this.#waiting.splice(this.#next(this.#waiting.length), 1)[0]!();
    }
  }

  async write(folder: string, content: AsyncIterable<Uint8Array>) {
    await this.#turn();
    return this.#contents.write(folder, content);
  }

  async read(key: string, range?: ByteRange) {
    await this.#turn();
    return this.#contents.read(key, range);
  }

  async *list(prefix: string) {
    await this.#turn();
    yield* this.#contents.list(prefix);
  }

  async delete(key: string, writtenBefore?: number) {
    await this.#turn();
    await this.#contents.delete(key, writtenBefore);
  }

  clean() {
    return this.#contents.clean();
  }
}

/** Processes that use an empty place at once; the answer is the numbers of the stores of those that may. */
async function race(seed: number, stores: readonly MemoryStore[]): Promise<number[]> {
  const place = new Turns(seed);
  let ms = seed;
  const won: number[] = [];
  const processes = stores.map(async (store, n) => {
    const ownership = new Ownership({ contents: place, store, now: () => ms++ });
    await ownership.demand();
    await place.write('default/r', chunks(sha256(String(n))));
    won.push(stores.indexOf(store));
  });
  const ended = Promise.allSettled(processes);
  await place.play();
  await ended;
  return won;
}

test('whatever comes first: a place has one store, and all processes of one store have it', async () => {
  const [a, b] = [new MemoryStore(), new MemoryStore()];
  const winners = new Set<string>();
  for (let seed = 1; seed <= 400; seed++) {
    const won = await race(seed, [a, b, a, b]);
    expect(new Set(won).size, `seed ${seed}`).toBeLessThan(2);
    winners.add(String(won[0]));
    expect(await race(seed, [a, a, a]), `seed ${seed}`).toHaveLength(3);
  }
  // Not vacuous: each of them was the first in some order, and in some order nobody was.
  expect([...winners].toSorted()).toEqual(['0', '1', 'undefined']);
});

test('many who use a place at once look together, and claim it once', async () => {
  const artifacts = new (class extends MemoryArtifacts {
    readonly looks: string[] = [];
    override list(prefix: string): AsyncGenerator<StoredContent> {
      this.looks.push(prefix);
      return super.list(prefix);
    }
  })(() => Date.now());
  let ms = 0;
  const ownership = new Ownership({ contents: artifacts, store: new MemoryStore(), now: () => ms++ });
  const demands = () => Promise.all(Array.from({ length: 50 }, () => ownership.demand()));
  await demands();
  expect(await gather(artifacts.list('_stepwell/'))).toHaveLength(1);
  artifacts.looks.length = 0;
  ms += 60_000;
  await demands();
  expect(artifacts.looks).toHaveLength(1);
});
