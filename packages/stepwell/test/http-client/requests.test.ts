import { describe, expect, test } from 'vitest';
import { connect, type ErrorCode } from '../../src/http-client/index.ts';
import { broken, FakeServer, json, problem } from './fake-server.ts';

describe('what is sent', () => {
  test('ids and names go into the path as one part each', async () => {
    const fake = new FakeServer().replies(json({}), json({}, 202));
    await fake.client.get('a/b c%é');
    await fake.client.raiseEvent('r', 'go?');
    expect(fake.asked.map(({ path }) => path)).toEqual([
      '/v1/runs/a%2Fb%20c%25%C3%A9',
      '/v1/runs/r/events/go%3F',
    ]);
  });

  test.each(['', '.', '..', '\ud800'])('an id that no path can hold is refused: %j', async (id) => {
    const fake = new FakeServer();
    await expect(async () => fake.client.get(id)).rejects.toMatchObject({ code: 'ID_INVALID' });
    expect(fake.asked).toEqual([]);
  });

  test('filters are parameters, in the words of the API', async () => {
    const fake = new FakeServer().replies(json({ runs: [] }));
    await fake.client.list({
      workflow: 'w',
      status: ['failed', 'stuck'],
      createdFrom: new Date(5),
      limit: 2,
    });
    expect(fake.asked[0]!.path).toBe('/v1/runs?workflow=w&status=failed%2Cstuck&created_from=5&limit=2');
  });

  test('times of a start are milliseconds, what is undefined is left out, headers go along', async () => {
    const fake = new FakeServer({ headers: { authorization: 'Bearer t' } }).replies(
      json({ id: 'r', created: true }, 202),
    );
    const run = await fake.client.start('w', { n: 1 }, { id: 'r', at: new Date(7) });
    expect({ id: run.id, created: run.created }).toEqual({ id: 'r', created: true });
    expect(fake.asked[0]).toMatchObject({
      method: 'POST',
      path: '/v1/workflows/w/runs',
      body: { input: { n: 1 }, id: 'r', at: 7 },
    });
    expect(fake.asked[0]!.headers.get('authorization')).toBe('Bearer t');
  });

  test.each([
    ['a date', new Date(0)],
    ['a date within', { at: new Date(0) }],
    ['a big number', { n: 1n }],
    ['NaN', { n: Number.NaN }],
  ])('what JSON would lose or change is refused, as an engine does: %s', async (_, input) => {
    const fake = new FakeServer();
    await expect(fake.client.start('w', input)).rejects.toMatchObject({ code: 'VALUE_NOT_JSON' });
    expect(fake.asked).toEqual([]);
  });

  test('a transaction of the caller cannot reach over HTTP', async () => {
    const options = { client: {} } as object;
    await expect(new FakeServer().client.start('w', 1, options)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  test.each([
    'nonsense',
    'ftp://me:secret@host',
    'http://user:secret@host',
    'http://host?x=1',
    'http://host/#a',
  ])('what is no address of a server is refused: %s', (url) => {
    expect(() => connect(url)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    expect(() => connect(url)).not.toThrow(/secret/);
  });
});

describe('answers that are lost', () => {
  test('a POST is sent again as the same request, another one as another', async () => {
    const fake = new FakeServer().replies(broken(), broken(), json({}, 202), json({}, 202));
    await fake.client.cancel('r');
    await fake.client.cancel('r');
    const keys = fake.asked.map(({ headers }) => headers.get('idempotency-key'));
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[0]).not.toBe(keys[3]);
    expect(fake.pauses).toEqual([100, 500]);
  });

  test('an answer that breaks off half way is lost too', async () => {
    const cutOff = new ReadableStream({ start: (controller) => controller.error(broken()) });
    const fake = new FakeServer().replies(new Response(cutOff), json({ id: 'r' }));
    expect(await fake.client.get('r')).toEqual({ id: 'r' });
  });

  test.each([502, 503, 504])('a proxy that says %i has no answer', async (status) => {
    const fake = new FakeServer().replies(new Response('<html>', { status }), json({ id: 'r' }));
    expect(await fake.client.get('r')).toEqual({ id: 'r' });
  });

  test('a server that is not there is told at once: nothing was sent', async () => {
    const fake = new FakeServer().replies(broken('ECONNREFUSED'));
    await expect(fake.client.get('r')).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringMatching(/http:\/\/fake\/base \(ECONNREFUSED\)/),
    });
    expect(fake.asked.length).toBe(1);
  });

  test('a page of another origin is told that this may be why nothing came; one that has had an answer is not', async () => {
    const fake = new FakeServer({}, 'http://shop').replies(broken(), broken(), broken());
    const why = {
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('The page is of http://shop:'),
    };
    await expect(fake.client.get('r')).rejects.toMatchObject(why);
    fake.replies(json({ id: 'r' }), broken(), broken(), broken());
    await fake.client.get('r');
    const gone = { message: expect.stringMatching(/^No Stepwell server answers/) };
    await expect(fake.client.get('r')).rejects.toMatchObject(gone);
  });

  test('the third time is the last', async () => {
    const fake = new FakeServer().replies(broken(), broken(), broken());
    await expect(fake.client.retry('r')).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(fake.asked.length).toBe(3);
  });

  test('one that is still under way when it is sent again is waited for', async () => {
    const underWay = () => problem('REQUEST_UNDER_WAY', 409);
    const fake = new FakeServer().replies(broken(), underWay(), underWay(), json({ id: 'r' }, 202));
    expect((await fake.client.start('w')).id).toBe('r');
    expect(fake.pauses).toEqual([100, 1_000, 1_000]);
    for (let n = 0; n < 100; n++) fake.replies(n === 0 ? broken() : underWay());
    await expect(fake.client.start('w')).rejects.toMatchObject({ code: 'REQUEST_UNDER_WAY' });
    expect(fake.time).toBeLessThan(80_000);
  });

  test('a purge that is sent again finds nothing any more: it is done', async () => {
    const fake = new FakeServer().replies(broken(), problem('RUN_NOT_FOUND', 404));
    await fake.client.purge('r');
    fake.replies(problem('RUN_NOT_FOUND', 404));
    await expect(fake.client.purge('r')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

describe('refusals', () => {
  test('are the StepwellError that the server has thrown', async () => {
    const fake = new FakeServer().replies(problem('OPTION_INVALID', 400, { data: { limit: 5 } }));
    await expect(fake.client.get('r')).rejects.toMatchObject({
      name: 'StepwellError',
      code: 'OPTION_INVALID',
      message: 'about OPTION_INVALID',
      data: { limit: 5 },
    });
  });

  test('may have a code that only a newer server knows', async () => {
    const fake = new FakeServer().replies(problem('NEW_THING', 418));
    await expect(fake.client.get('r')).rejects.toMatchObject({ code: 'NEW_THING' as ErrorCode });
  });

  test('are not asked for again, also those that might pass', async () => {
    const fake = new FakeServer().replies(problem('STORE_FULL', 507), problem('ENGINE_CLOSED', 503));
    await expect(fake.client.cancel('r')).rejects.toMatchObject({ code: 'STORE_FULL' });
    await expect(fake.client.cancel('r')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  });

  test.each([
    ['an error page', new Response('<h1>', { status: 404 })],
    ['a page', new Response('<h1>', { headers: { 'content-type': 'text/html' } })],
  ])('%s is not from a Stepwell server', async (_, response) => {
    const fake = new FakeServer().replies(response);
    await expect(fake.client.get('r')).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringMatching(/is not a Stepwell server/),
    });
  });
});
