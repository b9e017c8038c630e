import {
  type AnyDefinition,
  type Ctx,
  type Definition,
  Stepwell,
  workflow,
  type WorkerOptions,
} from 'stepwell';
import type { Step } from './floor.ts';

/** `worker: false`: it executes nothing. */
export function openEngine(
  store: string,
  workflows: readonly AnyDefinition[],
  worker: WorkerOptions | false = {},
): Promise<Stepwell> {
  return Stepwell.open({ store, workflows, worker });
}

/** The very function that runs on the floor, as a workflow. */
export function asWorkflow<T>(name: string, fn: (step: Step) => Promise<T>): Definition<undefined, T> {
  return workflow(name, (ctx: Ctx, _input: undefined) => fn((name, body) => ctx.step(name, body)));
}

/** From `start` to the result. */
export async function runToEnd<T>(well: Stepwell, definition: Definition<undefined, T>): Promise<T> {
  const run = await well.start(definition, undefined);
  return run.result();
}

/** A workflow that does nothing but wait for the event `go`. */
export const waiter = workflow('waiter', (ctx: Ctx, _input: undefined) => ctx.waitForEvent<number>('go'));

/** Starts so many runs that only wait and resolves with their ids once all of them do. */
export async function startWaiters(
  well: Stepwell,
  count: number,
  definition: Definition<undefined, unknown> = waiter,
): Promise<string[]> {
  const ids: string[] = [];
  const waiting = async () => (await well.counts()).waiting ?? 0;
  const before = await waiting();
  await inFlight(100, count, async () => {
    const run = await well.start(definition, undefined);
    ids.push(run.id);
  });
  await until(async () => (await waiting()) >= before + count);
  return ids;
}

/** Starts so many runs in one call, and resolves once all of them have succeeded. */
export async function runMany(
  well: Stepwell,
  definition: Definition<undefined, unknown>,
  count: number,
): Promise<void> {
  const succeeded = async () => (await well.counts()).succeeded ?? 0;
  const before = await succeeded();
  await well.startMany(
    definition,
    Array.from({ length: count }, () => ({})),
  );
  await until(async () => (await succeeded()) >= before + count);
}

/** Does something so many times, at most `lanes` at once. */
export async function inFlight(lanes: number, times: number, work: () => Promise<unknown>): Promise<void> {
  let left = times;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Asks every few milliseconds: for what is not measured itself. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}
