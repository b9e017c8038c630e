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
