import { Stepwell, workflow } from 'stepwell';
import { expect, test } from 'vitest';
import { TestApi } from './api.ts';

const ask = (api: TestApi, path: string, ifNoneMatch: string, method = 'GET') =>
  api.ask(path, { method, headers: { 'if-none-match': ifNoneMatch } });

test.each(['/v1/runs/open', '/v1/runs?workflow=stages'])(
  '%s is not sent again as long as it is the same',
  async (path) => {
    await using api = await TestApi.open();
    await api.start('stages', undefined, 'open');
    await expect.poll(async () => (await api.well.get('open')).status).toBe('waiting');
    const first = await api.get(path);
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(api, path, header);
      expect(again).toMatchObject({ status: 304, body: undefined });
      expect(again.headers.get('etag')).toBe(etag);
    }
    expect(await ask(api, path, etag, 'HEAD')).toMatchObject({ status: 304 });
    expect(await ask(api, path, '"other"')).toMatchObject({ status: 200, body: first.body });
    expect(await ask(api, path, '')).toMatchObject({ status: 200 });

    await api.well.pause('open');
    await expect.poll(async () => (await ask(api, path, etag)).status).toBe(200);
    expect((await ask(api, path, etag)).headers.get('etag')).not.toBe(etag);
  },
);

test('an unknown run has no tag to compare', async () => {
  await using api = await TestApi.open();
  expect(await ask(api, '/v1/runs/nobody', '*')).toMatchObject({ status: 404 });
});

test('whatever changes in the answer changes the tag, and what changes back has the old one', async () => {
  const telling = workflow('telling', async (ctx) => {
    await ctx.waitForEvent('go');
    ctx.progress({ percent: 50 });
    await ctx.waitForEvent('go');
    ctx.setStatus('half way');
    await ctx.waitForEvent('go');
    ctx.tag('late');
    await ctx.waitForEvent('go');
  });
  await using well = await Stepwell.open({ store: 'memory:', workflows: [telling] });
  const api = TestApi.on(well, {});
  const seen: string[] = [];
  /** Once the run has nothing more to do. */
  const tag = async () => {
    await expect
      .poll(async () => {
        const { status, readyAt } = await well.get('r');
        return status === 'waiting' ? readyAt === undefined : status !== 'running';
      })
      .toBe(true);
    return (await api.get('/v1/runs/r')).headers.get('etag')!;
  };
  /** Waits until the run is otherwise than it ever was. */
  const changed = async (change: () => Promise<unknown>) => {
    await change();
    await expect.poll(tag).not.toSatisfy((etag: string) => seen.includes(etag));
    seen.push(await tag());
    expect(await ask(api, '/v1/runs/r', seen.at(-1)!)).toMatchObject({ status: 304 });
  };
  await well.pauseQueue('default', { by: 'Ada' });
  await changed(() => api.start('telling', undefined, 'r'));
  await changed(() => well.pauseQueue('default', { by: 'Bob' }));
  await well.pauseQueue('default', { by: 'Ada' });
  expect(await tag()).toBe(seen[0]);
  await well.resumeQueue('default');
  await expect.poll(async () => (await well.get('r')).status).toBe('waiting');
  seen.push(await tag());
  for (let go = 0; go < 3; go++) await changed(() => well.raiseEvent('r', 'go'));
  await well.pause('r', { by: 'Ada' });
  await expect.poll(async () => (await well.get('r')).status).toBe('paused');
  seen.push(await tag());
  await well.resume('r');
  await expect.poll(tag).toBe(seen.at(-2));
  await well.cancel('r', { reason: 'enough' });
  await expect.poll(async () => (await well.get('r')).status).toBe('cancelled');
  seen.push(await tag());
  expect(new Set(seen).size).toBe(seen.length);
  await well.purge('r');
  expect(await ask(api, '/v1/runs/r', seen.at(-1)!)).toMatchObject({ status: 404 });
});
