import type { OperationStarted } from '../model/event.ts';
import { checkName } from '../model/identifier.ts';
import type { Branch, Branches, CompletionOptions, Ctx, MapOptions, MapResult } from './context.ts';
import { startedOf, type Here } from './here.ts';
import { mapItems, runBranches } from './items.ts';
import { enter } from './place.ts';
import type { Scope } from './scope.ts';

export async function group<T>(here: Here, name: string, fn: (ctx: Ctx) => Promise<T>): Promise<T> {
  const { execution } = here;
  return inGroup(here, startedOf(here.begin('group', name), 'group'), (scope) =>
    enter(scope, () => fn(execution.ctxOf(scope))),
  );
}

/** Results in the shape of the branches: a list of a list, an object of an object. */
export async function parallel(
  here: Here,
  name: string,
  branches: Branches,
  options: CompletionOptions | undefined,
): Promise<unknown> {
  const op = here.begin('parallel', name);
  const named: [string, Branch][] = Array.isArray(branches)
    ? branches.map((branch: Branch) => ['branch', branch])
    : Object.entries(branches as { [name: string]: Branch });
  for (const [branch] of named)
    checkName(branch, `branch of parallel "${op}"`, here.execution.limits.nameLength);
  return inGroup(here, { ...startedOf(op, 'parallel'), items: named.length }, async (scope) => {
    const results = await runBranches(here.execution, scope, named, options);
    return Array.isArray(branches) ? results : Object.fromEntries(named.map(([key], n) => [key, results[n]]));
  });
}

export async function map<T, R>(
  here: Here,
  name: string,
  items: readonly T[],
  fn: Parameters<typeof mapItems<T, R>>[3],
  options: MapOptions,
): Promise<MapResult<R>> {
  const op = here.begin('map', name);
  return inGroup(here, { ...startedOf(op, 'map'), items: items.length }, (scope) =>
    mapItems<T, R>(here.execution, scope, items, fn, options),
  );
}

/** Opens a group, lets `live` run in it, and closes it, whatever comes of it. */
async function inGroup<T>(
  { execution, scope: outer }: Here,
  started: OperationStarted,
  live: (scope: Scope) => Promise<T>,
): Promise<T> {
  execution.host.ask({ started });
  const scope = execution.open(started.op, outer);
  try {
    const result = await live(scope);
    execution.end(scope, undefined);
    return result;
  } catch (error) {
    execution.end(scope, error);
    throw error;
  }
}
