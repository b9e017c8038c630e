import type { JournalEvent, OperationStarted } from '../model/event.ts';
import { StepwellError } from '../model/errors.ts';
import { groupOf, type OperationId, type OperationKind } from '../model/operation.ts';
import type { Entry } from './past.ts';

/**
 * What the journal says that the function asked for between one input and the next, compared with what it asks for now.
 * Within each group the order must be the same; between groups it may differ (design §2, rule 8).
 */
export class RecordedTurn {
  readonly #groups = new Map<string, { entries: Entry[]; next: number }>();
  readonly #isCutOff: boolean;
  #left = 0;

  /** @param isLast nothing that the function sees comes after it */
  constructor(entries: readonly Entry[], isLast = false) {
    this.#isCutOff = isLast && entries.some(({ event }) => cutsOff(event));
    for (const entry of entries) {
      if (entry.event.type !== 'operation.started' || entry.event.kind === 'patch') continue;
      const group = groupOf(entry.event.op);
      const list = this.#groups.get(group);
      if (list === undefined) this.#groups.set(group, { entries: [entry], next: 0 });
      else list.entries.push(entry);
      this.#left++;
    }
  }

  /** Whether an operation is asked for beyond the point at which the turn was cut off: nothing is recorded of it. */
  isBeyond(asked: OperationStarted): boolean {
    const group = this.#groups.get(groupOf(asked.op));
    return this.#isCutOff && (group === undefined || group.next === group.entries.length);
  }

  /**
   * What was recorded of an operation that is asked for.
   * @throws StepwellError `JOURNAL_MISMATCH`
   */
  take(asked: OperationStarted): Entry & { readonly event: OperationStarted } {
    const group = this.#groups.get(groupOf(asked.op));
    const entry = group?.entries[group.next];
    const recorded = entry?.event as OperationStarted | undefined;
    if (
      group === undefined ||
      entry === undefined ||
      recorded?.op !== asked.op ||
      recorded.kind !== asked.kind
    ) {
      throw mismatch(recorded === undefined ? null : { position: entry!.position, started: recorded }, asked);
    }
    group.next++;
    this.#left--;
    return { ...entry, event: recorded };
  }

  /**
   * The function can go no further without another input.
   * @throws StepwellError `JOURNAL_MISMATCH` if something that was recorded was not asked for
   */
  end(): void {
    const entry = this.#firstLeft();
    if (entry !== null) throw mismatch({ position: entry.position, started: entry.event }, null);
  }

  /** What was recorded first of what was not asked for; null: all was. */
  get left(): { readonly position: number; readonly op: OperationId; readonly kind: OperationKind } | null {
    const entry = this.#firstLeft();
    return entry === null ? null : { position: entry.position, op: entry.event.op, kind: entry.event.kind };
  }

  #firstLeft(): (Entry & { readonly event: OperationStarted }) | null {
    if (this.#left === 0) return null;
    for (const { entries, next } of this.#groups.values()) {
      const entry = entries[next];
      if (entry !== undefined) return { ...entry, event: entry.event as OperationStarted };
    }
    return null;
  }
}

/**
 * Whether the function stood still where it may not: waiting for something that is not an operation. The code that was
 * mended asks for an operation there.
 */
export function cutsOff(event: JournalEvent): boolean {
  if (event.type !== 'run.stuck') return false;
  return event.error.code === 'WORKFLOW_NEVER_SETTLES' || event.error.code === 'CTX_OUTSIDE_TURN';
}

/** Both sides of a difference, for people and for programs. */
function mismatch(
  recorded: { position: number; started: OperationStarted } | null,
  asked: OperationStarted | null,
): StepwellError {
  const journalSide =
    recorded === null
      ? 'nothing more in this place'
      : `${describe(recorded.started)} at position ${recorded.position}`;
  const codeSide = asked === null ? 'did not ask for it' : `asks for ${describe(asked)}`;
  return new StepwellError(
    'JOURNAL_MISMATCH',
    `The code does not fit the journal. The journal has: ${journalSide}. The code: ${codeSide}. ` +
      'Deploy code that fits (the run then goes on by itself), or guard the change with ctx.patched().',
    {
      data: {
        journal:
          recorded === null
            ? null
            : { position: recorded.position, op: recorded.started.op, kind: recorded.started.kind },
        code: asked === null ? null : { op: asked.op, kind: asked.kind },
      },
    },
  );
}

function describe({ kind, op }: OperationStarted): string {
  return `${kind} "${op}"`;
}
