import { StepwellError } from '../model/errors.ts';
import { isSettlement, JOURNAL_FORMAT, type Commit, type JournalEvent } from '../model/event.ts';
import { present } from '../model/fields.ts';
import { checkId } from '../model/identifier.ts';
import type { NewRun, RunRecord } from '../model/run.ts';
import { isAwaited } from '../replay/state.ts';
import { entriesOf } from '../replay/past.ts';
import type { StartParts } from './start.ts';
import type { ForkOptions } from './types.ts';

/**
 * A new run that begins with what another one had when an operation was about to be settled.
 * Its function begins anew and is given the results of what had succeeded by then.
 *
 * @throws StepwellError `OPERATION_NOT_FOUND`, `FORK_NOT_POSSIBLE` or that of a wrong option
 */
export function forkedRun(
  parts: StartParts,
  source: RunRecord,
  journal: readonly Commit[],
  options: ForkOptions,
): NewRun {
  const { system, payloads, limits } = parts;
  const now = system.now();
  const events = [...eventsBefore(source, journal, options.from)];
  if (options.result !== undefined) {
    const value = payloads.encode(options.result, `result of operation "${options.from}"`);
    events.push(present({ type: 'operation.succeeded', op: options.from, value } as const));
  }
  events.push({ type: 'run.forked', run: source.id, op: options.from });
  const { namespace, workflow, version, queue, priority, input, timeout, hardTimeout, tags, traceparent } =
    source;
  return {
    namespace,
    id: options.id === undefined ? system.uuid() : checkId(options.id, 'run id', limits.idLength),
    workflow,
    version,
    queue,
    priority,
    readyAt: now,
    input,
    parent: null,
    timeout,
    hardTimeout,
    concurrencyKey: source.concurrencyKey,
    concurrencyLimit: source.concurrencyLimit,
    createdAt: now,
    tags,
    traceparent,
    journal: { at: now, count: events.length, events: JSON.stringify(events) },
  };
}

/** The journal up to where the operation was settled for the last time; all of it if it was not. */
function eventsBefore(source: RunRecord, journal: readonly Commit[], op: string): JournalEvent[] {
  const events = entriesOf(journal).map(({ event }) => event);
  const started = events.findLast((event) => event.type === 'operation.started' && event.op === op);
  if (started?.type !== 'operation.started') {
    throw new StepwellError(
      'OPERATION_NOT_FOUND',
      `The run "${source.id}" has no operation "${op}". Its history lists those it has.`,
    );
  }
  if (!isAwaited(started)) {
    throw new StepwellError(
      'FORK_NOT_POSSIBLE',
      `The run "${source.id}" cannot be forked from "${op}": a ${started.kind} has no result. Fork from an operation inside it.`,
    );
  }
  if (events.some((event) => event.type === 'run.activated' && event.format > JOURNAL_FORMAT)) {
    throw new StepwellError('FORK_NOT_POSSIBLE', `The run "${source.id}" was written by a newer Stepwell.`);
  }
  const settled = events.findLastIndex((event) => isSettlement(event) && event.op === op);
  return settled === -1 ? events : events.slice(0, settled);
}
