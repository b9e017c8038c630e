import { isFinal, type RunEvent, type RunStatus, StepwellError } from 'stepwell';
import type { Api } from '../api.ts';
import { isFault } from '../problem.ts';
import { Frame } from './frame.ts';
import { overheadOf } from './overhead.ts';
import { chunkOf, type Page, PageSize, type Place, type Source } from './source.ts';
import { Tail } from './tail.ts';

/** Of each run, in characters: with a thousand runs that are read, their tails are these 64 MiB at most. */
const KEPT = 64 * 1024;

/** A run that is read. Its id alone does not tell: after a purge another run may have it. */
export interface ReadRun {
  readonly id: string;
  readonly key: number;
}

/**
 * The tails of all runs that somebody reads to the end: one reading of the journal each, from where its first reader had
 * caught up.
 */
export class RunTails {
  readonly #api: Api;
  readonly #tails = new Map<number, Tail>();

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @param after the position that the reader had last; null: none
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_PURGED`, `CURSOR_INVALID`, `ID_INVALID`, `STORE_…`
   */
  async open(id: string, after: string | null): Promise<Source> {
    const { well } = this.#api;
    // Refuses what is no id.
    well.run(id);
    const record = await well.parts.bare.get(well.namespace, id);
    if (record === null) {
      await well.get(id);
      throw purged(id);
    }
    const run = { id, key: record.key };
    const source = new RunSource(this.#api, this, run);
    if (after !== null && source.locate(after) === null) await this.#demandWritten(run, Number(after));
    return source;
  }

  /** Whether a run has ended, and with the event at that position. @throws StepwellError `ID_INVALID`, `STORE_…` */
  async isLast(id: string, position: number): Promise<boolean> {
    const { well } = this.#api;
    well.run(id);
    const { bare } = well.parts;
    const record = await bare.get(well.namespace, id);
    if (record === null || !isFinal(record.status)) return false;
    const [commit, next] = await bare.journal(record.key, position, 2);
    if (commit === undefined || next !== undefined) return false;
    return commit.position + commit.events.length - 1 === position;
  }

  /**
   * A reader that knows more than there is would wait in silence for what it takes for old; and a tail that began there
   * would be ahead of all others who read the run.
   */
  async #demandWritten(run: ReadRun, position: number): Promise<void> {
    const [written] = await this.#api.well.parts.bare.journal(run.key, position, 1);
    if (written !== undefined) return;
    await statusOf(this.#api, run);
    throw new StepwellError(
      'CURSOR_INVALID',
      `The journal of the run "${run.id}" has no event ${position} yet. Perhaps the run was purged, and another has its id now: read it from the beginning.`,
    );
  }

  find({ key }: ReadRun): Tail | undefined {
    return this.#tails.get(key);
  }

  /** The tail of a run, from that position on if there is none yet. */
  tailOf(run: ReadRun, from: number): Tail {
    const existing = this.#tails.get(run.key);
    if (existing !== undefined) return existing;
    const reading = new AbortController();
    const abandoned = () => {
      reading.abort();
      if (this.#tails.get(run.key) === tail) this.#tails.delete(run.key);
    };
    const tail = new Tail(from, KEPT, { abandoned, handedOver: overheadOf(this.#api) });
    this.#tails.set(run.key, tail);
    void this.#read(run, tail, reading.signal);
    return tail;
  }

  async #read(run: ReadRun, tail: Tail, signal: AbortSignal): Promise<void> {
    const { well, log } = this.#api;
    try {
      let known = false;
      for await (const event of well.events(run.id, { from: tail.next, signal })) {
        if (!known) await statusOf(this.#api, run);
        known = true;
        tail.push(frameOf(event));
        await tail.settled();
      }
      tail.finish({ type: 'end', status: await statusOf(this.#api, run) });
    } catch (error) {
      if (!signal.aborted && isFault(error)) log(`The event stream of run "${run.id}" broke off.`, error);
      tail.finish({ type: 'closed' });
    }
    if (this.#tails.get(run.key) === tail) this.#tails.delete(run.key);
  }
}

/** The journal of one run; ids are positions. */
class RunSource implements Source {
  readonly #api: Api;
  readonly #tails: RunTails;
  readonly #run: ReadRun;
  readonly #size = new PageSize();

  constructor(api: Api, tails: RunTails, run: ReadRun) {
    this.#api = api;
    this.#tails = tails;
    this.#run = run;
  }

  get name(): string {
    return `run "${this.#run.id}"`;
  }

  locate(after: string | null): Place | null {
    const tail = this.#tails.find(this.#run);
    const number = positionAfter(after);
    return tail !== undefined && tail.first <= number && number <= tail.next ? { tail, number } : null;
  }

  async page(after: string | null): Promise<Page> {
    // Before the journal is read: if the run has ended by then, what is read is all there is.
    const status = await statusOf(this.#api, this.#run);
    const { parts } = this.#api.well;
    const page = await parts.journalPage(this.#run.key, positionAfter(after), this.#size.commits);
    const all = page.events.map(frameOf);
    this.#size.learn(all);
    const chunk = chunkOf(all);
    const frames = chunk ?? all;
    const last = frames.at(-1)?.id ?? after;
    if (chunk !== null || page.more) return { frames, after: last, next: 'more' };
    const number = positionAfter(last);
    if (!isFinal(status))
      return { frames, after: last, next: () => ({ tail: this.#tails.tailOf(this.#run, number), number }) };
    // That nothing came is its end only if it is still there.
    await statusOf(this.#api, this.#run);
    return { frames, after: last, next: { type: 'end', status } };
  }

  passes(): boolean {
    return true;
  }

  close(): void {}
}

/** @throws StepwellError `RUN_PURGED` */
async function statusOf({ well }: Api, { id, key }: ReadRun): Promise<RunStatus> {
  const run = await well.parts.bare.get(well.namespace, id);
  if (run?.key === key) return run.status;
  throw purged(id);
}

function purged(id: string): StepwellError {
  return new StepwellError('RUN_PURGED', `The run "${id}" was purged while it was read.`);
}

function positionAfter(id: string | null): number {
  return id === null ? 0 : Number(id) + 1;
}

function frameOf(event: RunEvent): Frame {
  return new Frame(String(event.position), event.event.type, event.at, event);
}
