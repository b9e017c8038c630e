import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ArtifactStore } from '../../../packages/stepwell/src/artifacts/contract.ts';
import { Ownership } from '../../../packages/stepwell/src/artifacts/ownership.ts';
import { Shelf } from '../../../packages/stepwell/src/artifacts/shelf.ts';
import { sweep } from '../../../packages/stepwell/src/artifacts/sweep.ts';
import { MemoryStore } from '../../../packages/stepwell/src/store/memory/store.ts';
import { gathered } from './contents.ts';

const DAY = 24 * 3_600_000;
const MINUTE = 60_000;

/** A process that has a store of runs open, with a clock of its own. */
class Process {
  readonly store: MemoryStore;
  readonly shelf: Shelf;
  ahead = 0;

  constructor(contents: ArtifactStore, store = new MemoryStore()) {
    this.store = store;
    const now = () => Date.now() + this.ahead;
    const ownership = new Ownership({ contents, store, now });
    this.shelf = new Shelf({ contents, records: store, ownership, now, limit: 1_000 });
  }

  write(text: string): Promise<unknown> {
    return this.shelf.write({ namespace: 'default', id: 'r' }, 'f', text);
  }

  async read(): Promise<string | null> {
    return gathered(this.shelf.stream(await this.shelf.get({ namespace: 'default', id: 'r' }, 'f')));
  }

  sweep(): ReturnType<typeof sweep> {
    return sweep(this.shelf.parts, () => Promise.resolve(true));
  }

  adopt(): Promise<void> {
    return this.shelf.parts.ownership.adopt();
  }
}

/** A place of artifacts belongs to one store of runs, wherever it is. @param open an empty place for each test */
export function describeOwnership(
  kind: string,
  open: () => Promise<AsyncDisposable & { readonly place: (name: string) => ArtifactStore }>,
): void {
  describe(`who has a place of artifacts in ${kind}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let places = 0;
    beforeAll(async () => {
      opened = await open();
    }, 120_000);
    afterAll(async () => opened?.[Symbol.asyncDispose](), 60_000);
    const emptyPlace = () => opened.place(`place-${++places}`);
    const refused = (message: RegExp) => ({
      code: 'ARTIFACTS_OWNED_ELSEWHERE',
      message: expect.stringMatching(message),
    });

    test('the first store that writes there; all others are refused, and remove nothing', async () => {
      const place = emptyPlace();
      const [first, second] = [new Process(place), new Process(place)];
      await first.write('of the first');
      const owner = `memory ${await first.store.identity()}`;
      await expect(second.write('of the second')).rejects.toMatchObject(refused(new RegExp(owner)));
      second.ahead = 2 * DAY;
      await expect(second.sweep()).rejects.toMatchObject(refused(/Nothing was written or removed/));
      expect(await first.read()).toBe('of the first');
      first.ahead = 2 * DAY;
      expect(await first.sweep()).toMatchObject({ contents: 0 });
      await first.write('again');
    });

    test('processes of one store that use it for the first time at once have it together', async () => {
      const place = emptyPlace();
      const store = new MemoryStore();
      const processes = Array.from({ length: 5 }, () => new Process(place, store));
      await Promise.all(processes.map((process, n) => process.write(`of ${n}`)));
      for (const process of processes) expect(await process.sweep()).toMatchObject({ contents: 0 });
    });

    test('of two stores at once not both have it; who is to have it can be said', async () => {
      const place = emptyPlace();
      const processes = [new Process(place), new Process(place)];
      const written = await Promise.allSettled(processes.map((process) => process.write('x')));
      expect(written.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(2);
      const [one, other] = processes as [Process, Process];
      await one.adopt();
      one.ahead = other.ahead = 2 * MINUTE;
      await one.write('y');
      await expect(other.write('y')).rejects.toMatchObject(refused(/another store/));
    });

    test('contents of nobody: refused, until somebody takes the place over', async () => {
      const place = emptyPlace();
      const before = new Process(place);
      await before.write('kept');
      for await (const { key } of place.list('_stepwell/')) await place.delete(key);
      before.ahead = 2 * DAY;
      await expect(before.sweep()).rejects.toMatchObject(refused(/does not say of which store/));
      await expect(new Process(place).write('x')).rejects.toMatchObject(refused(/does not say/));
      await before.adopt();
      expect(await before.sweep()).toMatchObject({ contents: 0 });
      expect(await before.read()).toBe('kept');
    });

    test('a store that comes in place of another takes it over; the other is shut out', async () => {
      const place = emptyPlace();
      const [old, next] = [new Process(place), new Process(place)];
      await old.write('moved');
      await next.store.saveArtifact((await old.store.artifacts('default', 'r'))[0]!);
      await expect(next.write('x')).rejects.toMatchObject(refused(/another store/));
      await next.adopt();
      old.ahead = 2 * MINUTE;
      await expect(old.write('y')).rejects.toMatchObject(refused(/another store/));
      await old.shelf.forget(await old.store.artifacts('default', 'r'), Date.now()).catch(() => {});
      expect(await next.read()).toBe('moved');
      next.ahead = 2 * DAY;
      expect(await next.sweep()).toMatchObject({ contents: 0 });
    });

    test('a claim that cannot be read may be anybody’s', async () => {
      const place = emptyPlace();
      const process = new Process(place);
      await process.write('kept');
      async function* nonsense() {
        yield Buffer.from('{');
      }
      await place.write('_stepwell/owner', nonsense());
      process.ahead = 2 * DAY;
      await expect(process.sweep()).rejects.toMatchObject(refused(/cannot be read/));
      await process.adopt();
      await process.sweep();
      expect(await process.read()).toBe('kept');
    });
  });
}
