import * as fc from 'fast-check';
import type { FeedEvent, RunEvent } from 'stepwell';
import type { Store } from 'stepwell/engine';
import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';
import { gather } from '../../stepwell/test/gather.ts';
import { type Frame, frames } from './sse.ts';

/** A client that reads some, goes away in the middle of anything, and comes back with the last id that it has. */
class Client<T> {
  readonly seen: T[] = [];
  ended: string | null = null;
  readonly #api: TestApi;
  readonly #path: string;
  #last: string | undefined;
  #busy = Promise.resolve();

  constructor(api: TestApi, path: string, last?: string) {
    this.#api = api;
    this.#path = path;
    this.#last = last;
  }

  /** As {@link take}, after all that it was told to do before, while others do what they do. */
  takeLater(most: number): void {
    this.#busy = this.#busy.then(() => this.take(most, false));
  }

  /** Resolves when it has nothing to do any more. */
  get idle(): Promise<void> {
    return this.#busy;
  }

  /** Takes as many frames as come at once, at most so many; then it leaves, or stays until it has so many. */
  async take(most: number, patient: boolean): Promise<void> {
    if (this.ended !== null) return;
    const headers: Record<string, string> = this.#last === undefined ? {} : { 'Last-Event-ID': this.#last };
    const response = await this.#api.app.request(this.#path, { headers });
    if (response.status === 204) return void (this.ended = 'end');
    if (response.status !== 200) {
      this.ended = ((await response.json()) as { code: string }).code;
      return;
    }
    const reading = frames(response, String);
    for (let taken = 0; taken < most && this.ended === null; taken++) {
      const next = reading.next();
      const came = patient ? await next : await Promise.race([next, turns(60)]);
      if (came === undefined || came.done === true) break;
      this.#note(came.value);
    }
    // What arrives while it leaves it has not had.
    void reading.return();
    await turns(1);
  }

  #note({ id, event, data }: Frame<string>): void {
    if (id !== undefined) this.#last = id;
    if (event === 'end') this.ended = 'end';
    else if (data !== undefined) this.seen.push(data as T);
  }
}

async function turns(count: number): Promise<undefined> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
  return undefined;
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

type Deed =
  | { readonly do: 'start'; readonly workflow: 'greet' | 'stages' | 'echo'; readonly tagged: boolean }
  | { readonly do: 'raise' | 'purge'; readonly run: number }
  | { readonly do: 'read'; readonly client: number; readonly most: number }
  | { readonly do: 'wait' };

const deeds = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('start' as const),
        workflow: fc.constantFrom('greet', 'stages', 'echo'),
        tagged: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('raise' as const), run: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('purge' as const), run: fc.nat(9) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        client: fc.nat(9),
        most: fc.integer({ min: 1, max: 12 }),
      }),
    },
    fc.constant({ do: 'wait' as const }),
  ),
  { minLength: 5, maxLength: 60 },
);

const filters: { readonly query: string; readonly meant: (event: FeedEvent) => boolean }[] = [
  { query: '', meant: () => true },
  { query: '?workflow=stages', meant: ({ workflow }) => workflow === 'stages' },
  { query: '?tag=marked', meant: ({ tags }) => tags.includes('marked') },
  {
    query: '?workflow=greet&tag=marked',
    meant: ({ workflow, tags }) => workflow === 'greet' && tags.includes('marked'),
  },
];

test('whatever is purged, and wherever clients leave and come back: no gap, no repetition', {
  timeout: 60_000,
}, async () => {
  const delays = fc.array(fc.nat(6), { minLength: 1, maxLength: 10 });
  await fc.assert(fc.asyncProperty(deeds, delays, live), { numRuns: 150, endOnFailure: true });
});

/** Lets each reading of the store take so many turns before and after, by turns: others come in between. */
function slowDown(store: Store, delays: readonly number[]): void {
  let reads = 0;
  const slow =
    <A extends unknown[], R>(read: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      const before = delays[reads++ % delays.length]!;
      await turns(before);
      const result = await read(...args);
      await turns(delays[reads % delays.length]!);
      return result;
    };
  for (const name of ['feed', 'journal', 'get'] as const) {
    const read = store[name].bind(store) as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(store, name).mockImplementation(slow(read) as never);
  }
}

async function live(deeds: readonly Deed[], delays: readonly number[]): Promise<void> {
  await using api = await TestApi.open();
  slowDown(api.well.parts.store, delays);
  const { well } = api;
  const begun = (await well.parts.feedPage({ after: null })).cursor;
  const feeds = filters.map(({ query }) => new Client<FeedEvent>(api, `/v1/stream${query}`, begun));
  const runs: { id: string; client: Client<RunEvent>; purged: boolean }[] = [];
  for (const deed of deeds) {
    if (deed.do === 'start') {
      const id = `run-${runs.length}`;
      const tags = deed.tagged ? ['marked'] : [];
      await well.start(deed.workflow, { name: 'x' }, { id, tags });
      runs.push({ id, client: new Client(api, `/v1/runs/${id}/stream`), purged: false });
    } else if (deed.do === 'wait') {
      await turns(50);
    } else if (deed.do === 'read') {
      const clients = [...feeds, ...runs.map(({ client }) => client)];
      clients[deed.client % clients.length]!.takeLater(deed.most);
    } else if (runs.length > 0) {
      const run = runs[deed.run % runs.length]!;
      if (deed.do === 'raise') await well.raiseEvent(run.id, 'go').catch(() => {});
      else
        run.purged ||= await well.purge(run.id).then(
          () => true,
          () => false,
        );
    }
  }
  for (const { id, purged } of runs) {
    if (purged) continue;
    for (let go = 0; go < 3; go++) await well.raiseEvent(id, 'go').catch(() => {});
    await well.result(id);
  }
  await well.start('echo', 0, { id: 'last', tags: ['marked'] });
  await well.result('last');
  const all = await Promise.all(
    runs.map(async ({ id, purged }) =>
      purged ? [] : ((await gather(well.events(id))).map(asJson) as RunEvent[]),
    ),
  );

  for (const [n, { client, purged }] of runs.entries()) {
    await client.idle;
    await client.take(1_000, true);
    // Of a purged run it has had the beginning, as far as it came.
    const positions = client.seen.map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, n) => n));
    expect(purged ? [] : client.seen).toEqual(all[n]);
    expect(['end', 'RUN_NOT_FOUND', 'RUN_PURGED']).toContain(client.ended);
  }
  for (const [f, { meant }] of filters.entries()) {
    const client = feeds[f]!;
    await client.idle;
    await client.take(10_000, false);
    await client.take(10_000, false);
    const seen = client.seen.filter(({ run }) => run !== 'last');
    expect(seen.every(meant)).toBe(true);
    for (const [n, { id, purged }] of runs.entries()) {
      const of = seen.filter(({ run }) => run === id);
      const entries = of.map(({ position, at, event }) => ({ position, at, event }));
      expect(isRising(entries.map(({ position }) => position))).toBe(true);
      const isWhole = !purged && isMeant(await well.get(id), meant);
      expect(purged ? [] : entries).toEqual(isWhole ? all[n] : []);
    }
  }
  expect(api.logged).toEqual([]);
}

function isMeant(
  run: { workflow: string; tags: readonly string[] },
  meant: (event: FeedEvent) => boolean,
): boolean {
  return meant(run as unknown as FeedEvent);
}

function isRising(list: readonly number[]): boolean {
  return list.every((position, n) => n === 0 || position > list[n - 1]!);
}
