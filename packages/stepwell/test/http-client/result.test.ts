import { expect, test } from 'vitest';
import { broken, FakeServer, json, problem } from './fake-server.ts';

class Declined extends Error {
  override readonly name = 'Declined';
  reason?: string;
}

const running = () => json({ status: 'running' }, 202);
const done = (output: unknown) => json({ status: 'succeeded', output });

test('is asked for until it is there, over restarts of the server', async () => {
  const fake = new FakeServer().replies(
    running(),
    broken(),
    broken('ECONNREFUSED'),
    running(),
    done({ n: 1 }),
  );
  expect(await fake.client.result('r')).toEqual({ n: 1 });
  expect(new Set(fake.asked.map(({ path }) => path))).toEqual(new Set(['/v1/runs/r/result?wait=25s']));
});

test('is waited for in shorter stretches where something between cuts long ones off', async () => {
  const slowly = (status: number) => () => {
    fake.time += 20_000;
    return new Response('', { status });
  };
  const fake: FakeServer = new FakeServer();
  fake.replies(running(), slowly(504), slowly(504), slowly(504), done(1));
  await fake.client.result('r');
  const waits = fake.asked.map(({ path }) => /wait=(\d+)s/.exec(path)![1]);
  expect(waits).toEqual(['25', '25', '12', '6', '3']);
});

test('nothing at all is a result too', async () => {
  expect(await new FakeServer().replies(done(undefined)).client.result('r')).toBeUndefined();
});

test('rejects with the error of the run, of its class if that is known', async () => {
  const error = {
    name: 'Declined',
    message: 'no',
    data: { reason: 'money' },
    cause: { name: 'TypeError', message: 'x' },
  };
  const fake = new FakeServer({ errors: [Declined] }).replies(json({ status: 'failed', error }));
  const thrown: unknown = await fake.client.result('r').catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(Declined);
  expect(thrown).toMatchObject({ message: 'no', reason: 'money', cause: expect.any(TypeError) as TypeError });
});

test('rejects with what the engine ended the run with', async () => {
  const error = { name: 'StepwellError', code: 'RUN_CANCELLED', message: 'It was cancelled.' };
  const fake = new FakeServer().replies(json({ status: 'cancelled', error }));
  await expect(fake.client.result('r')).rejects.toMatchObject({
    name: 'StepwellError',
    code: 'RUN_CANCELLED',
  });
});

test('rejects at once where there is no such run', async () => {
  const fake = new FakeServer().replies(problem('RUN_NOT_FOUND', 404));
  await expect(fake.client.result('r')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
});

test('a server that does not answer at all is asked again', async () => {
  const fake = new FakeServer().replies(
    running(),
    (_asked, signal) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(new Error('cut')))),
    done(1),
  );
  const result = fake.client.result('r');
  await expect.poll(() => [fake.asked.length, fake.silences.size]).toEqual([2, 1]);
  for (const silence of fake.silences) silence();
  expect(await result).toBe(1);
  expect(fake.silences.size).toBe(0);
});

test('a signal ends the waiting', async () => {
  const abort = new AbortController();
  const fake = new FakeServer().replies(
    (_asked, signal) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(new Error('cut')))),
  );
  const result = fake.client.result('r', { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(result).rejects.toThrow('enough');
});
