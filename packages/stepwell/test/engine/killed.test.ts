import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { Stepwell, type JournalEvent } from '../../src/index.ts';
import { gather } from '../gather.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';
import { child, order, ORDERS } from './killed-workflows.ts';

const PROGRAM = new URL('./killed-process.ts', import.meta.url).pathname;
/** Bodies that a life may run before it ends by SIGKILL. */
const LIVES = [25, 90, 140, 200];

/** Lives until so many bodies were run, or to the end; gives what was acknowledged. */
async function live(
  path: string,
  ledger: string,
  mostBodies: number,
): Promise<{ said: string[]; code: number | null }> {
  const process_ = spawn(process.execPath, [PROGRAM, path, ledger, String(mostBodies)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void process_.kill('SIGKILL'));
  const exit = once(process_, 'exit');
  const said: string[] = [];
  let bodies = 0;
  for await (const line of createInterface({ input: process_.stdout })) {
    said.push(line);
    if (line.startsWith('body') && ++bodies === mostBodies) process_.kill('SIGKILL');
  }
  const [code] = (await exit) as [number | null];
  return { said, code };
}

test('kill -9 in the middle of many runs, again and again: nothing acknowledged is lost, all end', async () => {
  const directory = temporaryDirectory();
  const [path, ledger] = [join(directory, 'stepwell.db'), join(directory, 'ledger')];
  const acknowledged = new Set<string>();
  for (const mostBodies of LIVES) {
    const { said, code } = await live(path, ledger, mostBodies);
    expect({ code, done: said.includes('done') }).toEqual({ code: null, done: false });
    for (const line of said) if (/^(started|raised)/.test(line)) acknowledged.add(line);
    // What was acknowledged is there, whatever was under way.
    const well = await Stepwell.open({ store: `sqlite:${path}`, worker: false });
    const known = new Set((await well.list({ limit: 1_000 })).runs.map(({ id }) => id));
    for (const line of acknowledged) expect(known).toContain(line.split(' ')[1]);
    await well.close();
  }
  const { said, code } = await live(path, ledger, Number.POSITIVE_INFINITY);
  expect({ code, last: said.at(-1) }).toEqual({ code: 0, last: 'done' });

  const effects = new Map<string, number>();
  for (const key of readFileSync(ledger, 'utf8').trim().split('\n'))
    effects.set(key, (effects.get(key) ?? 0) + 1);
  await using well = await Stepwell.open({
    store: `sqlite:${path}`,
    workflows: [order(() => {}), child(() => {})],
  });
  expect(await well.counts()).toEqual({ succeeded: 2 * ORDERS });
  let again = 0;
  for (let n = 0; n < ORDERS; n++) {
    const id = `r${n}`;
    const events = (await gather(well.events(id))).map(({ event }) => event);
    again += events.filter(({ type }) => type === 'run.activated').length - 1;
    demandOneOutcomeEach(events);
    const charged = effects.get(`${id}/charge`) ?? 0;
    const { charge } = await well.result<{ charge: string }>(id);
    expect(charge === 'charged' ? [1] : [0, 1]).toContain(charged);
    expect(await well.result(id)).toEqual({ id, charge, values: [n, 2 * n, 3 * n], packed: 2 * n });
    for (const key of ['check', 'parts/item/part', 'parts/item#2/part', 'parts/item#3/part']) {
      const count = effects.get(`${id}/${key}`) ?? 0;
      expect(count).toBeGreaterThanOrEqual(1);
      expect(count).toBeLessThanOrEqual(attemptsOf(events, key));
    }
    expect(effects.get(`${id}-child/pack`)).toBeGreaterThanOrEqual(1);
  }
  expect(again).toBeGreaterThan(LIVES.length);
});

/** A result is recorded once. */
function demandOneOutcomeEach(events: readonly JournalEvent[]): void {
  const outcomes = events.flatMap((event) =>
    event.type === 'operation.succeeded' || event.type === 'operation.failed' ? [event.op] : [],
  );
  expect(outcomes.length).toBe(new Set(outcomes).size);
}

function attemptsOf(events: readonly JournalEvent[], op: string): number {
  return events.filter(
    (event) => (event.type === 'operation.started' || event.type === 'operation.attempt') && event.op === op,
  ).length;
}
