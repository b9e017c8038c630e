import { createHash } from 'node:crypto';
import { StepwellError } from '../model/errors.ts';
import type { Commit, JournalEvent } from '../model/event.ts';
import type { StoredRun } from '../store/records.ts';

/** The version that is written, and the newest that is read. */
const VERSION = 1;
const FORMAT = 'stepwell-run';

/**
 * One run in a file: `stepwell export` writes it, `stepwell import`, `stepwell replay` and {@link replayJournal} read it.
 * The journal's events are the texts that the engine wrote. Times are milliseconds since 1970.
 */
export interface ExportedRun extends StoredRun {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly exportedAt: number;
  /**
   * `store`: everything that is kept of the run. `server`: the run and its journal as the HTTP API tells them, with
   * payloads decoded and one event a commit; enough for a replay, not for an import.
   */
  readonly from: 'store' | 'server';
  /** SHA-256 (hex) over the JSON text of all the rest. */
  readonly checksum: string;
}

/** A run as it goes into a file. Whoever owns it now does not own the copy. */
export function exportOf(stored: StoredRun, from: ExportedRun['from'], now: number): ExportedRun {
  const run = { ...stored.run, owner: null };
  const head = { format: FORMAT, version: VERSION, exportedAt: now, from } as const;
  const content = { ...head, ...stored, run };
  return { ...content, checksum: checksumOf(content) };
}

/**
 * An exported run, checked.
 * @param value what `JSON.parse` made of the file
 * @throws StepwellError `EXPORT_INVALID`
 */
export function readExport(value: unknown, what = 'that was given'): ExportedRun {
  const exported = value as Partial<ExportedRun> | null;
  if (typeof exported !== 'object' || exported?.format !== FORMAT)
    throw invalid(what, 'is not a run that "stepwell export" wrote');
  if ((exported.version as unknown) !== VERSION) {
    throw invalid(
      what,
      `has version ${String(exported.version)} of the format; this Stepwell reads ${VERSION}. Use the Stepwell that wrote it, or a newer one`,
    );
  }
  const { checksum, ...content } = exported;
  if (checksum !== checksumOf(content))
    throw invalid(what, 'was changed or cut off since it was written: its checksum does not match');
  const fault = faultOf(content);
  if (fault !== null) throw invalid(what, `cannot be read: ${fault}`);
  return exported as ExportedRun;
}

/** The journal as an engine reads it: new objects with each call, since whoever gets a value may change it. */
export function commitsOf(journal: StoredRun['journal']): Commit[] {
  return journal.map(({ position, at, events }) => {
    return { position, at, events: JSON.parse(events) as JournalEvent[] };
  });
}

/** What a program that wrote its own checksum may have got wrong. */
function faultOf({ run, journal, inbox, callbacks, outcomes }: Partial<ExportedRun>): string | null {
  const named = ['namespace', 'id', 'workflow', 'version', 'status', 'queue'] as const;
  const wrong = named.find((field) => typeof run?.[field] !== 'string');
  if (run === undefined || wrong !== undefined) return `its run has no ${wrong}`;
  if (![journal, inbox, callbacks, outcomes].every((list) => Array.isArray(list))) return 'a list is missing';
  let next = 0;
  for (const { position, count, events } of journal!) {
    if (position !== next) return `its journal has no event at position ${next}`;
    if (lengthOf(events) !== count) return `its commit at position ${position} does not hold ${count} events`;
    next += count;
  }
  return null;
}

function lengthOf(events: string): number | null {
  try {
    const value: unknown = JSON.parse(events);
    return Array.isArray(value) && value.every((event) => typeof event?.type === 'string')
      ? value.length
      : null;
  } catch {
    return null;
  }
}

/** Fields that are undefined are in neither the text nor the file. */
function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function invalid(what: string, why: string): StepwellError {
  return new StepwellError('EXPORT_INVALID', `The export ${what} ${why}.`);
}
