import { Stepwell, workflow } from 'stepwell';
import { expect, test } from 'vitest';
import { gather } from '../../stepwell/test/gather.ts';
import { TestApi } from './api.ts';

type Page = { runs: { id: string }[]; cursor?: string };
const ids = (body: unknown) => (body as Page).runs.map(({ id }) => id);

test('one run is shown with what it waits for', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages', undefined, 'waiting');
  await expect
    .poll(async () => (await api.get(`/v1/runs/${id}`)).body)
    .toMatchObject({
      id: 'waiting',
      workflow: 'stages',
      version: '1',
      status: 'waiting',
      waitingFor: [{ kind: 'event' }],
    });
  expect(await api.get('/v1/runs/nobody')).toMatchObject({ status: 404, body: { code: 'RUN_NOT_FOUND' } });
});

test('runs are listed page by page, newest first', async () => {
  await using api = await TestApi.open();
  for (const id of ['a', 'b', 'c']) await api.start('echo', 1, id);
  const first = await api.get('/v1/runs?limit=2');
  expect(ids(first.body)).toEqual(['c', 'b']);
  const { cursor } = first.body as Page;
  const second = await api.get(`/v1/runs?limit=2&cursor=${encodeURIComponent(cursor!)}`);
  expect(ids(second.body)).toEqual(['a']);
  expect(second.body).not.toHaveProperty('cursor');
});

test('whatever is purged or started between two pages, what stays comes once', async () => {
  await using api = await TestApi.open();
  const all = Array.from({ length: 30 }, (_, n) => `run-${n}`);
  for (const id of all) await api.start('echo', 1, id);
  for (const id of all) await api.well.result(id);
  const seen: string[] = [];
  const purged = new Set<string>();
  let next = '';
  for (let page = 0; ; page++) {
    const { body } = await api.get(`/v1/runs?workflow=echo&status=succeeded&limit=4${next}`);
    seen.push(...ids(body));
    const { cursor } = body as Page;
    if (cursor === undefined) break;
    next = `&cursor=${encodeURIComponent(cursor)}`;
    // The one that the cursor names, one before it, one after it; and one that is newer than all.
    for (const id of [seen.at(-1)!, seen.at(-3)!, `run-${20 - 4 * page}`])
      if (
        await api.well.purge(id).then(
          () => true,
          () => false,
        )
      )
        purged.add(id);
    await api.well.result(await api.start('echo', 1, `new-${page}`));
  }
  expect(purged.size).toBeGreaterThan(10);
  expect(new Set(seen).size).toBe(seen.length);
  const stays = all.filter((id) => !purged.has(id)).toReversed();
  expect(seen.filter((id) => !purged.has(id))).toEqual(stays);
});

test('runs are found by the run that started them', async () => {
  const child = workflow('child', async () => 1);
  const parent = workflow('parent', async (ctx) => {
    await ctx.run(child, undefined, { id: 'awaited' });
    await ctx.start(child, undefined, { id: 'detached' });
    await ctx.waitForEvent('go');
  });
  await using well = await Stepwell.open({ store: 'memory:', workflows: [parent, child] });
  const api = TestApi.on(well, {});
  for (const id of ['mother', 'child-of-none'])
    await api.start(id === 'mother' ? 'parent' : 'child', undefined, id);
  await expect.poll(async () => (await well.get('mother')).status).toBe('waiting');
  await expect.poll(() => well.counts({ workflow: 'child' })).toEqual({ succeeded: 3 });
  const listed = async (query: string) => ids((await api.get(`/v1/runs?${query}`)).body).toSorted();
  expect(await listed('parent=mother')).toEqual(['awaited', 'detached']);
  expect(await listed('parent=mother&id_contains=tach&status=succeeded,failed')).toEqual(['detached']);
  expect(await listed('parent=mother&workflow=parent')).toEqual([]);
  expect(await listed('parent=awaited')).toEqual([]);
  expect(await api.get('/v1/counts?parent=mother')).toMatchObject({ body: { counts: { succeeded: 2 } } });
  expect(await api.post('/v1/runs/purge', { filter: { parent: 'mother' } })).toMatchObject({
    body: { count: 2 },
  });
  expect(await listed('')).toEqual(['child-of-none', 'mother']);
});

test('every filter of the list narrows it', async () => {
  await using api = await TestApi.open();
  const before = Date.now();
  await api.start('echo', 1, 'done');
  await api.well.result('done');
  await api.start('stages', undefined, 'open');
  await api.post('/v1/workflows/echo/runs', { id: 'later', queue: 'slow', delay: '1h' });
  await expect.poll(async () => (await api.well.get('open')).status).toBe('waiting');

  const listed = async (query: string) => ids((await api.get(`/v1/runs?${query}`)).body);
  expect(await listed('workflow=stages')).toEqual(['open']);
  expect(await listed('workflow=echo&version=1')).toEqual(['later', 'done']);
  expect(await listed('version=2')).toEqual([]);
  expect(await listed('queue=slow')).toEqual(['later']);
  expect(await listed('status=succeeded')).toEqual(['done']);
  expect(await listed('status=succeeded,waiting')).toEqual(['open', 'done']);
  expect(await listed('status=succeeded&status=waiting')).toEqual(['open', 'done']);
  expect(await listed(`created_from=${before}`)).toEqual(['later', 'open', 'done']);
  expect(await listed(`created_before=${before}`)).toEqual([]);
  expect(await listed('created_from=2100-01-01T00:00:00Z')).toEqual([]);
  expect(await listed('created_before=2100-01-01T00:00:00%2B09:00')).toEqual(['later', 'open', 'done']);
});

test.each([
  ['/v1/runs?limit=0', 'limit'],
  ['/v1/runs?limit=1001', 'limit'],
  ['/v1/runs?limit=ten', 'limit'],
  ['/v1/runs?limit=1e2', 'limit'],
  ['/v1/runs?limit=1&limit=2', 'limit'],
  ['/v1/runs?status=finished', 'status.0'],
  ['/v1/runs?status=', 'status.0'],
  ['/v1/runs?workflow=', 'workflow'],
  ['/v1/runs?created_from=yesterday', 'created_from'],
  ['/v1/runs?created_before=2026-01-31', 'created_before'],
  ['/v1/runs?stauts=failed', 'stauts'],
  ['/v1/runs?__proto__=1', '__proto__'],
  ['/v1/runs/one/history?from=-1', 'from'],
  ['/v1/runs/one/history?from=99999999999999999', 'from'],
  ['/v1/runs/one/history?limit=0', 'limit'],
  ['/v1/runs/one/result?wait=30', 'wait'],
  ['/v1/runs/one/result?wait=6m', 'wait'],
  ['/v1/runs/one/result?wait=1s&wait=2s', 'wait'],
  ['/v1/runs/one/stream?last_event_id=abc', 'last_event_id'],
])('%s is refused as PARAMETER_INVALID', async (path, parameter) => {
  await using api = await TestApi.open();
  await api.start('echo', 1, 'one');
  const answer = await api.get(path);
  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'PARAMETER_INVALID', data: [{ path: parameter }] },
  });
  expect((answer.body as { detail: string }).detail).toContain(`${parameter}: `);
});

test('a cursor that the engine did not make is refused', async () => {
  await using api = await TestApi.open();
  expect(await api.get('/v1/runs?cursor=banana')).toMatchObject({
    status: 400,
    body: { code: 'CURSOR_INVALID' },
  });
});

test('the history holds the journal with positions, whole or by pages', async () => {
  await using api = await TestApi.open();
  const id = await api.start('greet', { name: 'Ada' });
  await api.well.result(id);
  const whole = await api.get(`/v1/runs/${id}/history`);
  const { events } = whole.body as { events: { position: number; event: { type: string } }[] };
  expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index));
  expect(events.at(0)).toMatchObject({ at: expect.any(Number), event: { type: 'run.activated' } });
  expect(events.at(-1)).toMatchObject({
    event: { type: 'run.succeeded', output: { greeting: 'Hello Ada' } },
  });
  expect(whole.body).not.toHaveProperty('next');

  const paged: unknown[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const { body } = await api.get(`/v1/runs/${id}/history?from=${from}&limit=2`);
    const page = body as { events: unknown[]; next?: number };
    expect(page.events.length).toBeLessThanOrEqual(2);
    paged.push(...page.events);
    from = page.next;
  }
  expect(paged).toEqual(events);
  expect(await api.get('/v1/runs/nobody/history')).toMatchObject({
    status: 404,
    body: { code: 'RUN_NOT_FOUND' },
  });
});

test('a page of runs ends early where they are large, and none is left out', async () => {
  await using api = await TestApi.open();
  const input = 'x'.repeat(200_000);
  const small = Array.from({ length: 30 }, (_, n) => ({ id: `small-${n}` }));
  const large = Array.from({ length: 120 }, (_, n) => ({ id: `large-${n}`, delay: '1h', input }));
  for (const items of [small, large]) await api.well.startMany('echo', items);
  const seen: string[] = [];
  const sizes: number[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { body } = await api.get(`/v1/runs?limit=1000${cursor && `&cursor=${cursor}`}`);
    seen.push(...ids(body));
    sizes.push((body as Page).runs.length);
    ({ cursor } = body as Page);
  }
  expect(seen).toEqual([...small, ...large].map(({ id }) => id).toReversed());
  // 10 MB, 10 MB, then 4 MB and all that is small.
  expect(sizes).toEqual([50, 50, 50]);
});

test('many small runs are a page, also where that takes more than one look', async () => {
  await using api = await TestApi.open();
  const items = Array.from({ length: 700 }, (_, n) => ({ id: `r${n}`, delay: '1h' }));
  await api.well.startMany('echo', items);
  const first = await api.get('/v1/runs?limit=600');
  expect(ids(first.body)).toEqual(
    items
      .map(({ id }) => id)
      .toReversed()
      .slice(0, 600),
  );
  const rest = await api.get(`/v1/runs?limit=600&cursor=${(first.body as Page).cursor}`);
  expect(ids(rest.body)).toEqual(
    items
      .map(({ id }) => id)
      .toReversed()
      .slice(600),
  );
  expect(rest.body).not.toHaveProperty('cursor');
});

test('a page of the history ends early where the events are large', async () => {
  const heavy = workflow('heavy', async (ctx) => {
    for (let step = 0; step < 8; step++) await ctx.step('make', () => 'x'.repeat(3_000_000));
  });
  await using well = await Stepwell.open({ store: 'memory:', workflows: [heavy] });
  const api = TestApi.on(well, {});
  await well.result(await api.start('heavy', undefined, 'h'));
  const positions: number[] = [];
  const lengths: number[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const { body } = await api.get(`/v1/runs/h/history?from=${from}`);
    const page = body as { events: { position: number }[]; next?: number };
    lengths.push(JSON.stringify(page).length);
    positions.push(...page.events.map(({ position }) => position));
    from = page.next;
  }
  expect(lengths.length).toBeGreaterThan(2);
  expect(Math.max(...lengths)).toBeLessThan(12_000_000);
  expect(positions).toEqual(positions.map((_, index) => index));
  expect(positions.at(-1)).toBe((await gather(well.events('h', { follow: false }))).at(-1)!.position);
});

test('the engine says which workflows it has, and that it is there', async () => {
  await using api = await TestApi.open();
  expect(await api.get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  const { body } = await api.get('/v1/workflows');
  expect((body as { workflows: unknown[] }).workflows).toContainEqual({ name: 'greet', version: '1' });
});
