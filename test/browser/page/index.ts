// What the tests' page can do. It is loaded by the browser, in which no types are left, and no bundler has been.

import { connect, isStepwellError, type StepwellClient } from 'stepwell/client';
// For its type alone: none of the workflow's code gets into the page.
import type { greet, stages } from '../../../packages/server/test/workflows.ts';

/** An error of a fragile workflow, which the page knows by its class. */
class Declined extends Error {
  override readonly name = 'Declined';
  reason?: string;
}

/** How an attempt that was to fail did. */
interface Failure {
  readonly code: string | null;
  readonly message: string;
  readonly data?: unknown;
}

async function failureOf(attempt: Promise<unknown>): Promise<Failure> {
  try {
    return { code: 'none', message: JSON.stringify(await attempt) };
  } catch (error) {
    const { message } = error as Error;
    return isStepwellError(error)
      ? { code: error.code, message, data: error.data }
      : { code: null, message: String(error) };
  }
}

export async function greeting(url: string, name: string): Promise<{ text: string; status: string }> {
  const client = connect(url);
  const run = await client.start<typeof greet>('greet', { name });
  const { greeting: text } = await run.result();
  const { status } = await run.info();
  return { text, status };
}

/** Tells each event as it comes, and gives the result. */
export async function follow(url: string): Promise<{ values: unknown[]; lost: number }> {
  let lost = 0;
  const client = connect(url, { onLost: () => lost++ });
  const run = await client.start<typeof stages>('stages', undefined, { id: 'r' });
  const result = run.result();
  for await (const event of run.events()) void tell(event);
  return { values: await result, lost };
}

/** Leaves the loops after the first that came. */
export async function leaveEarly(url: string, run: string): Promise<string[]> {
  const client = connect(url);
  const seen: string[] = [];
  for await (const { event } of client.events(run)) {
    seen.push(event.type);
    break;
  }
  for await (const { event } of client.feed({ after: '' })) {
    seen.push(event.type);
    break;
  }
  return seen;
}

export async function failures(url: string): Promise<Record<string, Failure>> {
  const client = connect(url, { errors: [Declined] });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const declined = await client.start('fragile', undefined, { id: 'fragile' });
  const error = await declined.result().catch((thrown: unknown) => thrown);
  const aborted = new AbortController();
  const waiting = client.result('waiting', { signal: aborted.signal });
  aborted.abort(new Error('nobody waits any more'));
  return {
    unknown: await failureOf(client.get('nobody')),
    noWorkflow: await failureOf(client.start('nothing')),
    input: await failureOf(client.start('strict', { count: 'x' } as never)),
    value: await failureOf(client.raiseEvent('waiting', 'go', circle)),
    stream: await failureOf(client.events('nobody').next()),
    file: await failureOf(client.artifacts.read('waiting', 'nothing.txt')),
    ended: await failureOf(client.cancel('fragile')),
    aborted: await failureOf(waiting),
    declined: {
      code: error instanceof Declined ? `${error.name}: ${error.reason}` : null,
      message: String(error),
    },
  };
}

export async function refusals(url: string, run: string): Promise<Record<string, Failure>> {
  const client: StepwellClient = connect(url);
  const attempts = {
    start: client.start('strict', { count: 1 }),
    get: client.get(run),
    result: client.result(run),
    events: client.events(run).next(),
    write: client.artifacts.write(run, 'x', 'y'),
  };
  const failing = Object.entries(attempts).map(async ([name, attempt]) => [name, await failureOf(attempt)]);
  return Object.fromEntries(await Promise.all(failing)) as Record<string, Failure>;
}

/** Takes in its bytes, so that a copy of another's is no proof. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function files(url: string): Promise<Record<string, unknown>> {
  const { artifacts } = connect(url);
  const large = new Uint8Array(3_000_000).map((_, index) => (index * 7_919) >> 5);
  const chosen = new File(['a,b\n', new Uint8Array([49, 44, 50])], 'data.csv', { type: 'text/csv' });
  async function* parts() {
    yield 'é';
    await Promise.resolve();
    yield new TextEncoder().encode('ü');
  }
  const written = [
    await artifacts.write('files', 'text.txt', 'grüße'),
    await artifacts.write('files', 'in/large.bin', large),
    await artifacts.write('files', 'in/data.csv', chosen, { ifAbsent: true }),
    await artifacts.write('files', 'stream.txt', parts(), { contentType: 'text/plain' }),
    await artifacts.write('files', 'value.json', JSON.stringify({ n: 1 })),
  ];
  const read = async (name: string) => artifacts.read('files', name);
  const back = (await (await read('in/large.bin')).bytes()) as Uint8Array<ArrayBuffer>;
  const range: number[] = [];
  for await (const piece of (await read('in/large.bin')).stream({ start: 1_000, end: 1_004 }))
    range.push(...piece);
  return {
    written: written.map(({ name, size, contentType }) => [name, size, contentType]),
    large: written[1]!.hash === (await sha256(large)) && (await sha256(back)) === written[1]!.hash,
    range: range.join() === large.subarray(1_000, 1_004).join(),
    csv: await (await read('in/data.csv')).text(),
    stream: await (await read('stream.txt')).text(),
    json: await (await read('value.json')).json(),
    listed: (await artifacts.list('files')).map(({ name }) => name),
    again: await failureOf(artifacts.write('files', 'in/data.csv', 'x', { ifAbsent: true })),
  };
}
