import type { NewRun } from '../../model/run.ts';
import { sortedTags } from '../../model/tags.ts';
import type { StartAnswer } from '../contract.ts';
import { debouncedUntil } from '../debounce.ts';
import { canBeOwnedAtOnce } from '../fit.ts';
import type { Newsroom } from '../newsroom.ts';
import { change, type MemoryRun } from './run.ts';
import { debounceKeyOf, type MemoryState } from './state.ts';

export function start(
  state: MemoryState,
  news: Newsroom,
  given: NewRun,
  owner: string | undefined,
): StartAnswer {
  const waiting = given.debounce === undefined ? undefined : state.debounced.get(debounceKeyOf(given));
  if (waiting !== undefined) {
    move(state, news, waiting, given);
    return { created: false, existing: state.view(waiting), moved: true };
  }
  const { run, created } = state.insert(given);
  if (!created) return { created, existing: state.view(run) };
  const { key } = run.record;
  const needsNoClaim = canBeOwnedAtOnce(given) && state.queueOf(given) === undefined;
  const owned = owner !== undefined && needsNoClaim && state.workers.has(owner);
  if (owned) change(run, { status: 'running', owner, readyAt: null, startedAt: given.createdAt });
  else news.ready(given.readyAt);
  return { created, key, owned };
}

/** A further start with the debounce key of a run that has not begun. */
function move(state: MemoryState, news: Newsroom, run: MemoryRun, given: NewRun): void {
  const { readyAt, beginBy } = debouncedUntil(given, run.record.createdAt, state.beginByOf(given));
  const { version, queue, priority, input, timeout, hardTimeout, concurrencyKey, concurrencyLimit } = given;
  const { tags = [], traceparent = null } = given;
  change(run, {
    version,
    queue,
    priority,
    input,
    timeout,
    concurrencyKey,
    concurrencyLimit,
    readyAt,
    beginBy,
    tags: sortedTags(tags),
    traceparent,
  });
  change(run, { hardTimeout: hardTimeout ?? null, status: 'queued', waitingFor: [], error: undefined });
  run.turn = null;
  news.ready(readyAt);
}
