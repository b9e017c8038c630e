import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import type { Payloads } from '../model/payload.ts';
import type { RunKey } from '../model/run.ts';
import type { System } from '../engine/system.ts';
import type { Store } from '../store/contract.ts';
import { criteriaOf, type FilterParts } from './filter.ts';
import { infosOf } from './info.ts';
import type { ListOptions, RunList } from './types.ts';

const DEFAULT_LIMIT = 50;
const MOST = 1_000;

export interface ListParts extends FilterParts {
  readonly store: Store;
  readonly system: System;
  readonly payloads: Payloads;
}

/** One page of the runs that match. */
export async function listRuns(parts: ListParts, options: ListOptions): Promise<RunList> {
  const { store, system, payloads } = parts;
  const criteria = await criteriaOf(parts, options);
  const limit = options.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    throw new StepwellError(
      'OPTION_INVALID',
      `The limit of a list must be a whole number from 1 to ${MOST}, not ${String(limit)}.`,
    );
  }
  const below = options.cursor === undefined ? undefined : keyOf(options.cursor);
  // One more than asked for shows whether there is a next page.
  const bounds = present({ below, limit: limit + 1 });
  const runs = await store.query({ ...criteria, ...bounds });
  const page = runs.slice(0, limit);
  return {
    runs: await infosOf(store, page, payloads.codec, system.now()),
    cursor: runs.length > limit ? cursorOf(page.at(-1)!.key) : undefined,
  };
}

function cursorOf(key: RunKey): string {
  return `after-${key.toString(36)}`;
}

function keyOf(cursor: string): RunKey {
  const key = Number.parseInt(/^after-([0-9a-z]{1,11})$/.exec(cursor)?.[1] ?? '', 36);
  if (Number.isSafeInteger(key)) return key;
  throw new StepwellError(
    'CURSOR_INVALID',
    `The cursor ${JSON.stringify(cursor)} was not made by this engine. Begin with the first page.`,
  );
}
