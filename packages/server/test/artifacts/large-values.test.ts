import { isReference, Stepwell, workflow, type RunEvent, type RunInfo } from 'stepwell';
import { connect, isReference as isRemoteReference } from 'stepwell/client';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../src/index.ts';
import { TestApi } from '../api.ts';
import { allFrames, frames } from '../sse.ts';

const INPUT = 'i'.repeat(2_000);
const echo = workflow('echo', async (ctx, input: string) => ctx.step('twice', () => input + input));

/** A server whose values beyond 1,000 bytes are kept with the artifacts, and a run that has ended. */
async function openLarge(): Promise<TestApi> {
  const options = { store: 'memory:', artifacts: 'memory:', limits: { payloadBytes: 1_000 } };
  const well = await Stepwell.open({ ...options, workflows: [echo] });
  await (await well.start(echo, INPUT, { id: 'r' })).result();
  return TestApi.on(well, {});
}

const twice = ({ event }: { event: RunEvent['event'] }) =>
  event.type === 'operation.succeeded' && event.op === 'twice';

test('one run, its result, its history and its stream have the values', async () => {
  await using api = await openLarge();
  expect(await api.get('/v1/runs/r')).toMatchObject({ body: { input: INPUT, output: INPUT + INPUT } });
  expect(await api.get('/v1/runs/r/result')).toMatchObject({ body: { output: INPUT + INPUT } });
  const { events } = (await api.get('/v1/runs/r/history')).body as { events: RunEvent[] };
  const streamed = (await allFrames(await api.stream('r'))).flatMap(({ data }) => data ?? []) as RunEvent[];
  for (const all of [events, streamed])
    expect(all.find((one) => 'event' in one && twice(one))!.event).toMatchObject({ value: INPUT + INPUT });
});

test('a list and the stream of all have references, which the description tells of', async () => {
  await using api = await openLarge();
  const { runs } = (await api.get('/v1/runs')).body as { runs: RunInfo[] };
  expect([runs[0]!.input, runs[0]!.output].map(isReference)).toEqual([true, true]);
  for await (const { data } of frames(await api.app.request('/v1/stream?last_event_id='), String)) {
    const event = data as RunEvent | undefined;
    if (event === undefined || !twice(event)) continue;
    expect(event.event).toMatchObject({ value: { $stepwell: 'artifact', size: 4_002 } });
    break;
  }
  const { body } = await api.get('/openapi.json');
  expect(body).toMatchObject({
    components: {
      schemas: {
        Reference: { required: ['$stepwell', 'key', 'size'] },
        Run: {
          properties: {
            input: { anyOf: expect.arrayContaining([{ $ref: '#/components/schemas/Reference' }]) },
          },
        },
      },
    },
  });
});

test('the typed client tells them apart, and fetches the value', async () => {
  const { well } = await openLarge();
  const server = await serve(well, { port: 0 });
  onTestFinished(async () => {
    await server.close();
    await well.close();
  });
  const client = connect(server.url);
  const [listed] = (await client.list()).runs;
  expect(isRemoteReference(listed!.input)).toBe(true);
  expect((await client.get(listed!.id)).input).toBe(INPUT);
  for await (const { event, run, position } of client.feed({ after: '' })) {
    if (!twice({ event })) continue;
    expect(event).toMatchObject({ value: { $stepwell: 'artifact' } });
    for await (const whole of client.events(run, { from: position })) {
      expect(whole.event).toMatchObject({ value: INPUT + INPUT });
      break;
    }
    break;
  }
});
