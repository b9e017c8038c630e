import type { EventOf, JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import { checkStored } from './promises.ts';
import type { ModelCommit } from './store-model.ts';
import type { TracedRun } from './traced-run.ts';
import { Violation } from './violation.ts';

/** Of one run: what its journal says of facts that it has taken. */
interface Written {
  /** Ids of events, and how many of each name came without one. */
  readonly eventIds: Set<string>;
  readonly events: Map<string, number>;
  /** How many of each name it was given without an id, and took. */
  readonly takenEvents: Map<string, number>;
  /** The callback or child that each operation waits for now. */
  readonly waits: Map<string, string>;
  cancelled: boolean;
  reopenings: number;
  takenReopenings: number;
}

/** What the engine promises of its commits: a fact that leaves the inbox with one stands in the journal, if it means anything. */
export class JournalPromises {
  readonly #written = new Map<TracedRun, Written>();

  /**
   * @param before the run as it was when the commit came
   * @throws Violation
   */
  stored(run: TracedRun, before: TracedRun, commit: ModelCommit, events: readonly JournalEvent[]): void {
    const name = `"${run.given.id}"`;
    checkStored(name, before, commit);
    if (commit.ends !== (commit.end !== null))
      throw new Violation(`run ${name} ends in its journal only, or not in it (${commit.end})`);
    const written = this.#of(run);
    for (const event of events) {
      if (event.type === 'run.activated' && !run.givenTo.has(event.worker))
        throw new Violation(`${event.worker} activates run ${name}, which it was never given`);
      write(written, event);
    }
    const begun = new Set(events.flatMap((event) => (event.type === 'operation.started' ? [event.op] : [])));
    for (const { number, kind, text } of before.inbox) {
      if (number > commit.taken) break;
      // A run that has ended waits for nothing; but its events count again when it is reopened.
      if (commit.end !== null && kind !== 'event') continue;
      const fact = JSON.parse(text!) as Fact;
      // It was told of another life of the operation, whose child had the same id.
      if (fact.type === 'child' && begun.has(fact.op)) continue;
      const lost = whyLost(written, fact);
      if (lost !== null) throw new Violation(`fact ${number} of run ${name} is taken and lost: ${lost}`);
    }
  }

  #of(run: TracedRun): Written {
    const known = this.#written.get(run);
    if (known !== undefined) return known;
    const written: Written = {
      eventIds: new Set(),
      events: new Map(),
      takenEvents: new Map(),
      waits: new Map(),
      cancelled: false,
      reopenings: 0,
      takenReopenings: 0,
    };
    for (const { events } of run.given.journal === undefined ? [] : [run.given.journal]) {
      for (const event of JSON.parse(events) as JournalEvent[]) write(written, event);
    }
    this.#written.set(run, written);
    return written;
  }
}

function write(written: Written, event: JournalEvent): void {
  switch (event.type) {
    case 'event.received':
      if (event.id !== undefined) written.eventIds.add(event.id);
      else written.events.set(event.name, (written.events.get(event.name) ?? 0) + 1);
      return;
    case 'operation.started':
      return wait(written, event);
    case 'operation.succeeded':
    case 'operation.failed':
    case 'operation.cancelled':
      written.waits.delete(event.op);
      return;
    case 'operation.continued':
      written.waits.set(event.op, event.by);
      return;
    case 'run.cancel_requested':
      written.cancelled = true;
      return;
    case 'run.reopened':
      written.reopenings++;
      written.cancelled = false;
      break;
    case 'run.retrying':
    case 'run.forked':
      break;
    default:
      return;
  }
  written.waits.clear();
}

function wait({ waits }: Written, { op, callback, child }: EventOf<'operation.started'>): void {
  if (callback !== undefined) waits.set(op, callback);
  if (child !== undefined && child.detached !== true) waits.set(op, child.id);
}

/** Null: it stands in the journal, or means nothing any more. */
function whyLost(written: Written, fact: Fact): string | null {
  switch (fact.type) {
    case 'event':
      return isReceived(written, fact) ? null : `the event "${fact.name}" was never received`;
    case 'callback':
      return written.waits.get(fact.op) === fact.callback
        ? `"${fact.op}" still waits for its callback`
        : null;
    case 'child':
    case 'successor':
      return written.waits.get(fact.op) === fact.child
        ? `"${fact.op}" still waits for run "${fact.child}"`
        : null;
    case 'cancel':
      return written.cancelled ? null : 'no cancel was requested';
    case 'reopen':
      return ++written.takenReopenings <= written.reopenings ? null : 'the run was not reopened';
    default:
      return null;
  }
}

function isReceived(
  { eventIds, events, takenEvents }: Written,
  { id, name }: Extract<Fact, { type: 'event' }>,
): boolean {
  if (id !== undefined) return eventIds.has(id);
  const taken = (takenEvents.get(name) ?? 0) + 1;
  takenEvents.set(name, taken);
  return taken <= (events.get(name) ?? 0);
}
