import type { JournalEvent } from '../model/event.ts';
import type { Fact } from '../model/fact.ts';
import type { OperationId } from '../model/operation.ts';
import type { Progress, RunKey } from '../model/run.ts';
import type { ChildStart, CommitRequest, RunChange } from '../store/commit.ts';
import type { RunKeyOrId } from '../store/delivery.ts';
import type { OpenCallback } from '../store/records.ts';
import { textOf } from './event-text.ts';
import type { Keeping } from './keeping.ts';

/** What may begin once the commit that says so is durable. */
export interface Effect {
  readonly type: 'perform' | 'reconcile';
  readonly op: OperationId;
}

/** What a commit does besides writing the journal; most do nothing of it. */
type Outside = {
  -readonly [K in 'open' | 'close' | 'starts' | 'deliver']: CommitRequest[K][number][];
};
const NOTHING_OUTSIDE: Pick<CommitRequest, keyof Outside> = { open: [], close: [], starts: [], deliver: [] };

/** The commit that an activation is writing: it grows until the committer takes it. */
export class Draft {
  readonly #run: RunKey;
  readonly #now: () => number;
  readonly #keeping: Keeping | null;
  #position: number;
  #texts: string[] = [];
  #at: number | null = null;
  #lastAt: number;

  effects: Effect[] = [];
  #outside: Outside | null = null;
  #progress: Progress | undefined;
  #statusText: string | undefined;
  #tags: string[] | undefined;
  release: RunChange['release'];
  end: RunChange['end'];

  /** @param position where the journal ends; @param lastAt time of its last commit */
  constructor(run: RunKey, position: number, lastAt: number, now: () => number, keeping: Keeping | null) {
    this.#run = run;
    this.#position = position;
    this.#lastAt = lastAt;
    this.#now = now;
    this.#keeping = keeping;
  }

  get empty(): boolean {
    return this.#texts.length === 0;
  }

  /** Position of the next event. */
  get position(): number {
    return this.#position + this.#texts.length;
  }

  /** Time of this commit: when its first event came. It never goes back within a run, whatever the clocks say. */
  get at(): number {
    this.#at ??= Math.max(this.#lastAt, this.#now());
    return this.#at;
  }

  /** Until when what is due belongs into this commit: it has one time, at which nothing may happen before its own. */
  get dueBy(): number {
    return this.empty ? this.#now() : Math.min(this.at, this.#now());
  }

  /** The event's text is made at once: what happens to its values afterwards does not reach the journal. */
  append(event: JournalEvent): void {
    void this.at;
    this.#texts.push(this.#keeping === null ? textOf(event) : this.#keeping.textOf(event));
    if (event.type === 'progress') this.#progress = event.progress;
    if (event.type === 'status') this.#statusText = event.text;
    if (event.type === 'tags') (this.#tags ??= []).push(...event.tags);
  }

  /** The operation has ended before its body could begin: a run whose effects are all void can only wait. */
  dropEffect(op: OperationId): void {
    this.effects = this.effects.filter((effect) => effect.op !== op);
  }

  openCallback(callback: OpenCallback): void {
    this.#toOutside().open.push(callback);
  }

  closeCallback(callback: string): void {
    const { open, close } = this.#toOutside();
    const index = open.findIndex((one) => one.callback === callback);
    if (index === -1) close.push(callback);
    else open.splice(index, 1);
  }

  startChild(child: ChildStart): void {
    const { run, refusal } = child;
    this.#toOutside().starts.push(
      this.#keeping === null ? child : { run: this.#keeping.start(run), refusal },
    );
  }

  deliver(run: RunKeyOrId, fact: Fact): void {
    this.#toOutside().deliver.push({ run, fact });
  }

  #toOutside(): Outside {
    this.#outside ??= { open: [], close: [], starts: [], deliver: [] };
    return this.#outside;
  }

  /**
   * The commit as it is now; the draft goes on with the next one.
   * @param completed callbacks that are closed already: to close one again would be refused
   */
  take(taken: number, completed: ReadonlySet<string>): CommitRequest {
    const outside = this.#outside === null ? NOTHING_OUTSIDE : withoutClosing(this.#outside, completed);
    const request: CommitRequest = {
      run: this.#run,
      position: this.#position,
      at: this.at,
      events: `[${this.#texts.join(',')}]`,
      count: this.#texts.length,
      taken,
      open: outside.open,
      close: outside.close,
      starts: outside.starts,
      deliver: outside.deliver,
      change: this.#change(),
    };
    this.#keeping?.taken();
    this.#position += this.#texts.length;
    this.#lastAt = this.at;
    this.#at = null;
    this.#texts = [];
    this.effects = [];
    this.#outside = null;
    this.#progress = undefined;
    this.#statusText = undefined;
    this.#tags = undefined;
    this.release = undefined;
    this.end = undefined;
    return request;
  }

  #change(): RunChange | null {
    const isNone = this.release === undefined && this.end === undefined;
    const isSilent = this.#progress === undefined && this.#statusText === undefined;
    if (isNone && isSilent && this.#tags === undefined) return null;
    const change: { -readonly [K in keyof RunChange]: RunChange[K] } = {};
    if (this.#progress !== undefined) change.progress = this.#progress;
    if (this.#statusText !== undefined) change.statusText = this.#statusText;
    if (this.#tags !== undefined) change.tags = this.#tags;
    if (this.release !== undefined) change.release = this.release;
    if (this.end !== undefined) change.end = this.#keeping?.end(this.end) ?? this.end;
    return change;
  }
}

function withoutClosing(outside: Outside, completed: ReadonlySet<string>): Outside {
  return { ...outside, close: outside.close.filter((callback) => !completed.has(callback)) };
}
