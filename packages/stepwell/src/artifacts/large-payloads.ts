import { createHash } from 'node:crypto';
import type { Payload } from '../model/codec.ts';
import type { JournalEvent } from '../model/event.ts';
import { isReference, notLoaded, PAYLOAD_FIELDS, referenceTo } from '../model/reference.ts';
import type { NewRun } from '../model/run.ts';
import { folderOf } from './folder.ts';
import { PAYLOADS } from './name.ts';
import type { Owner, Shelf } from './shelf.ts';

/** Between two attempts to keep one (ms); the last is repeated. */
const PAUSES = [100, 1_000, 5_000] as const;
/** A character has at most so many bytes. */
const CHARACTER_BYTES = 3;

interface Kept {
  /** Stands for the payload. */
  readonly reference: Payload;
  /** Settles when the payload is durable. */
  readonly kept: Promise<void>;
}

export interface LargePayloadParts {
  readonly shelf: Shelf;
  /** Bytes of JSON beyond which a payload is kept as an artifact. */
  readonly limit: number;
  readonly timer: (delay: number, callback: () => void) => unknown;
  readonly report: (error: unknown) => void;
}

/**
 * Payloads that are too large for a journal: each is an artifact of its run under a name that users cannot have, durable
 * and on record before anything names it. It goes when its run is purged.
 */
export class LargePayloads {
  readonly #parts: LargePayloadParts;
  #closed = false;

  constructor(parts: LargePayloadParts) {
    this.#parts = parts;
  }

  /** Whether a text may hold a payload that is too large: most do not, and are not looked at further. */
  mayBeIn(text: string): boolean {
    return text.length * CHARACTER_BYTES > this.#parts.limit;
  }

  /** The event with references in place of what is too large; the same one if nothing is. */
  shorten(event: JournalEvent, keep: (payload: Payload) => Payload): JournalEvent {
    const short: Record<string, unknown> = { ...event };
    let isSame = true;
    for (const field of PAYLOAD_FIELDS) {
      const payload = short[field] as Payload | undefined;
      if (payload === undefined || !this.isLarge(payload)) continue;
      short[field] = keep(payload);
      isSame = false;
    }
    return isSame ? event : (short as unknown as JournalEvent);
  }

  isLarge(payload: Payload | undefined): payload is Payload {
    if (payload === undefined || isReference(payload)) return false;
    const text = JSON.stringify(payload);
    return this.mayBeIn(text) && Buffer.byteLength(text) > this.#parts.limit;
  }

  /**
   * Keeps a payload of a run that is active here. If its place cannot be reached it is tried again until it can:
   * `kept` never rejects, and does not settle any more once this is closed.
   */
  keep(run: Owner, payload: Payload): Kept {
    const text = JSON.stringify(payload);
    return { reference: this.#referenceTo(run, text), kept: this.#writeUntilKept(run, text) };
  }

  /**
   * A start with references in place of what is too large, once that is durable.
   * @throws StepwellError `STORE_…`; of a fork whose past could not be loaded `PAYLOAD_NOT_LOADED`
   */
  async shortenStart(run: NewRun): Promise<NewRun> {
    // One that is put off takes the input of another start under its own id.
    if (run.debounce !== undefined) return run;
    const written: Promise<void>[] = [];
    const keep = (payload: Payload) => {
      const text = JSON.stringify(payload);
      written.push(this.#write(run, text));
      return this.#referenceTo(run, text);
    };
    let short = this.isLarge(run.input) ? { ...run, input: keep(run.input) } : run;
    const { journal, input } = run;
    if (isReference(input)) throw notLoaded(input, 'it is the input of a run that is forked');
    if (journal !== undefined) {
      const past = JSON.parse(journal.events) as JournalEvent[];
      // It would lead to the run that is forked, which may be purged.
      for (const event of past) demandLoaded(event);
      const events = past.map((event) => this.shorten(event, keep));
      short = { ...short, journal: { ...journal, events: JSON.stringify(events) } };
    }
    await Promise.all(written);
    return short;
  }

  #referenceTo(run: Owner, text: string): Payload {
    const hash = createHash('sha256').update(text).digest('hex');
    return referenceTo(`${folderOf(run.namespace, run.id)}/${hash}`, Buffer.byteLength(text));
  }

  async #write(run: Owner, text: string): Promise<void> {
    const { shelf } = this.#parts;
    const content = await shelf.keep(run, PAYLOADS, text, Number.POSITIVE_INFINITY);
    await shelf.record(run, `${PAYLOADS}${content.hash}`, content, 'application/json');
  }

  async #writeUntilKept(run: Owner, text: string): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        return await this.#write(run, text);
      } catch (error) {
        if (!this.#closed) this.#parts.report(error);
        await new Promise<void>((resolve) => {
          this.#parts.timer(PAUSES[attempt] ?? PAUSES.at(-1)!, resolve);
        });
      }
    }
    await new Promise<never>(() => {});
  }

  close(): void {
    this.#closed = true;
  }
}

function demandLoaded(event: JournalEvent): void {
  for (const field of PAYLOAD_FIELDS) {
    const payload = (event as unknown as Record<string, Payload>)[field];
    if (isReference(payload)) throw notLoaded(payload, 'it is in the past of a run that is forked');
  }
}
