import { isFinal, type RunEvent, type RunStatus, StepwellError } from 'stepwell';
import type { Api } from '../api.ts';
import { isFault } from '../problem.ts';
import { Frame } from './frame.ts';
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

  /** @throws StepwellError `RUN_NOT_FOUND`, `RUN_PURGED`, `ID_INVALID`, `STORE_…` */
  async open(id: string): Promise<Source> {
    const { well } = this.#api;
    await well.get(id);
    const run = await well.parts.store.get(well.namespace, id);
    if (run === null) throw purged(id);
    return new RunSource(this.#api, this, { id, key: run.key });
  }

  find({ key }: ReadRun): Tail | undefined {
    return this.#tails.get(key);
  }

  /** The tail of a run, from that position on if there is none yet. */
  tailOf(run: ReadRun, from: number): Tail {
    const existing = this.#tails.get(run.key);
    if (existing !== undefined) return existing;
    const reading = new AbortController();
    const tail = new Tail(from, KEPT, () => {
      reading.abort();
      if (this.#tails.get(run.key) === tail) this.#tails.delete(run.key);
    });
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
  const run = await well.parts.store.get(well.namespace, id);
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
  return new Frame(String(event.position), event.event.type, event);
}
