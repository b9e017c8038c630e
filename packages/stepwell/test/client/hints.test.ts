import { expect, test } from 'vitest';
import { Stepwell, workflow } from '../../src/index.ts';
import { gather } from '../gather.ts';

const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent<number>('go'));

test('news that are not true break nothing: whoever waits looks, and goes on waiting', async () => {
  await using well = await Stepwell.open({ store: 'memory:', workflows: [waiter] });
  const run = await well.start(waiter);
  const { key } = (await well.parts.store.get(well.namespace, run.id))!;
  const result = run.result();
  const ended = { is: false };
  void result.finally(() => (ended.is = true));
  for (const news of [
    { type: 'journal', run: key, ended: true },
    { type: 'journal', run: key, ended: false },
    { type: 'journal', run: key + 1_000, ended: true },
    { type: 'missed' },
  ] as const) {
    well.parts.hear(news);
    await new Promise(setImmediate);
  }
  expect(ended.is).toBe(false);
  await run.raiseEvent('go', 7);
  expect(await result).toBe(7);
});

test('whoever waits for all runs is woken by any, by what may have been missed, and by the end of the engine', async () => {
  await using well = await Stepwell.open({ store: 'memory:', workflows: [waiter] });
  const watcher = well.parts.watchAll();
  const woken = watcher.next(undefined);
  await well.start(waiter);
  await woken;
  const again = watcher.next(undefined);
  well.parts.hear({ type: 'missed' });
  await again;
  const given = new AbortController();
  const aborted = watcher.next(given.signal);
  given.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const other = well.parts.watchAll();
  const closed = other.next(undefined);
  await well.close();
  await expect(closed).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('a page of a journal begins at a position, also within a commit, and says whether there is more', async () => {
  await using well = await Stepwell.open({ store: 'memory:', workflows: [waiter] });
  const run = await well.start(waiter);
  await run.raiseEvent('go', 1);
  await run.result();
  const { key } = (await well.parts.store.get(well.namespace, run.id))!;
  const whole = await well.parts.journalPage(key, 0, 1_000);
  expect(whole.more).toBe(false);
  expect(whole.events).toEqual(await gather(well.events(run.id)));
  for (const { position } of whole.events) {
    const rest = await well.parts.journalPage(key, position, 1_000);
    expect(rest.events).toEqual(whole.events.slice(position));
    const some = await well.parts.journalPage(key, position, 1);
    expect(some.events).toEqual(whole.events.slice(position, position + some.events.length));
    expect(some.more).toBe(true);
  }
  expect(await well.parts.journalPage(key + 1_000, 0, 10)).toEqual({ events: [], more: false });
});
