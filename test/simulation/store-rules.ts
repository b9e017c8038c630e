import type { JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { Failure } from '../../packages/stepwell/src/model/failure.ts';
import { isControl, type NumberedFact } from '../../packages/stepwell/src/model/fact.ts';
import { isFinal, type NewRun, type RunKey, type RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { StartAnswer, Store } from '../../packages/stepwell/src/store/contract.ts';
import { fits } from '../../packages/stepwell/src/store/fit.ts';
import type { Deeds } from './deeds.ts';
import { PassThroughStore } from './pass-through-store.ts';
import type { Violations } from './violation.ts';

/** What was seen of a run since it was put in. */
interface Seen {
  readyAt: number;
  /** A worker has had it. */
  begun: boolean;
  /** Numbers of the last fact that its owner was given with it, and of the last that is in its journal. */
  given: number;
  taken: number;
  /** It is a fork or began anew: it may be told again of what had failed before. */
  remembers: boolean;
  paused: boolean;
  /** What operators asked of it, by the number of the fact, as far as a worker has seen it. */
  readonly controls: Map<number, string>;
}

/** The shared store, held to what its contract says of who gets which run when, and of what is gone. */
export class StoreRules extends PassThroughStore {
  /** Runs that are gone, by the keys that they had. */
  readonly purged = new Set<RunKey>();
  readonly purgedIds = new Set<string>();
  readonly #violations: Violations;
  readonly #deeds: Deeds;
  readonly #seen = new Map<RunKey, Seen>();
  readonly #startedAsChildren = new Map<string, NewRun>();
  /** Runs that have begun and not ended, by their concurrency key. */
  readonly #slots = new Map<string, Set<RunKey>>();

  constructor(inner: Store, violations: Violations, deeds: Deeds) {
    super(inner);
    this.#violations = violations;
    this.#deeds = deeds;
  }

  override async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    const answers = await this.inner.start(runs, owner);
    for (const [index, answer] of answers.entries()) {
      if (!answer.created) continue;
      const { id, readyAt, createdAt, concurrencyKey, concurrencyLimit, journal } = runs[index]!;
      this.#seen.set(
        answer.key,
        seenFirst(readyAt, { begun: answer.owned, remembers: journal !== undefined }),
      );
      if (readyAt > createdAt) this.#deeds.did('a delayed start');
      if (answer.owned && (readyAt > createdAt || concurrencyKey !== null))
        this.#violations.report(`the run "${id}" was given to a worker before its time`);
      if (concurrencyKey !== null && this.#slotsOf(concurrencyKey).size >= (concurrencyLimit ?? 1))
        this.#deeds.did('a start waited for a slot of its key');
    }
    return answers;
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.inner.claim(request);
    if (answer.runs.length > request.limit)
      this.#violations.report(
        `a worker was given ${answer.runs.length} runs, and has room for ${request.limit}`,
      );
    for (const [index, claimed] of answer.runs.entries()) {
      const before = answer.runs[index - 1];
      if (before !== undefined && before.run.priority < claimed.run.priority)
        this.#violations.report(`the run "${claimed.run.id}" is more urgent than "${before.run.id}"`);
      this.#judgeClaim(claimed, request);
    }
    return answer;
  }

  #judgeClaim({ run, facts }: ClaimedRun, request: ClaimRequest): void {
    const seen = this.#seenOf(run);
    const isForced = facts.some(({ fact }) => fact.type === 'cancel' && fact.force === true);
    const isCancelled = facts.some(({ fact }) => fact.type === 'cancel');
    if (!isForced && !fits(request, run))
      this.#violations.report(`the run "${run.id}" was given to a worker that it does not fit`);
    if (!seen.begun && !isCancelled && seen.readyAt > request.now)
      this.#violations.report(`the run "${run.id}" was begun ${seen.readyAt - request.now} ms too early`);
    if (run.queue !== 'default') this.#deeds.did('a run with another queue was claimed');
    if (run.concurrencyKey !== null)
      this.#takeSlot(run, run.concurrencyKey, isForced || (isCancelled && !seen.begun));
    seen.begun = true;
    seen.given = Math.max(0, ...facts.map(({ number }) => number));
    noteControls(seen, facts);
  }

  override async facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    const facts = await this.inner.facts(run, after);
    const seen = this.#seen.get(run);
    if (seen !== undefined) noteControls(seen, facts);
    return facts;
  }

  #seenOf({ key, id }: RunRecord): Seen {
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    const started = this.#startedAsChildren.get(id);
    if (started === undefined)
      return this.#violations.report(`the run "${id}" was given to a worker, and was never started`);
    const seen = seenFirst(started.readyAt, { begun: false, remembers: false });
    this.#seen.set(key, seen);
    return seen;
  }

  #takeSlot(run: RunRecord, concurrencyKey: string, outOfTurn: boolean): void {
    const { id, key, parent, concurrencyLimit } = run;
    const slots = this.#slotsOf(concurrencyKey);
    // The run that awaits it and it have one slot together.
    if (parent !== null && parent.op !== null && slots.has(parent.key)) return;
    if (!slots.has(key) && !outOfTurn && slots.size >= (concurrencyLimit ?? 1))
      this.#violations.report(`the run "${id}" is one too many of the key "${concurrencyKey}"`);
    slots.add(key);
  }

  #slotsOf(key: string): Set<RunKey> {
    const known = this.#slots.get(key) ?? new Set();
    this.#slots.set(key, known);
    return known;
  }

  override async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await this.inner.commit(commits);
    for (const [index, request] of commits.entries()) {
      if (answers[index] === 'stored') this.#judgeCommit(request);
    }
    return answers;
  }

  #judgeCommit({ run, events, taken, starts, change }: CommitRequest): void {
    if (this.purged.has(run)) this.#violations.report(`a commit of the purged run ${run} was stored`);
    for (const { run: child } of starts)
      if (!this.#startedAsChildren.has(child.id)) this.#startedAsChildren.set(child.id, child);
    if (change?.end !== undefined) for (const slots of this.#slots.values()) slots.delete(run);
    const seen = this.#seen.get(run);
    if (seen === undefined) return;
    const all = JSON.parse(events) as JournalEvent[];
    seen.remembers ||= all.some(({ type }) => type === 'run.reopened');
    for (const { type } of all) {
      if (type === 'run.paused') seen.paused = true;
      if (type === 'run.resumed' || type === 'run.reopened') seen.paused = false;
    }
    if (taken > seen.taken) this.#judgePause(run, { ...seen, taken }, change?.end !== undefined);
    seen.taken = Math.max(seen.taken, taken);
    const gaveUp = all.find(isGivenUp);
    if (gaveUp !== undefined && !seen.remembers && seen.taken < seen.given)
      this.#violations.report(
        `the run ${run} gave up "${gaveUp.op}", but had not looked at fact ${seen.given}, which had come before`,
      );
  }

  async #judgeStuck(seen: Seen, { id, key }: RunRecord, now: number): Promise<void> {
    const facts = await this.inner.facts(key, 0);
    const isCancelled = facts.some(({ fact }) => fact.type === 'cancel');
    if (!seen.begun && !isCancelled && seen.readyAt > now)
      this.#violations.report(`the run "${id}" was found stuck ${seen.readyAt - now} ms before its time`);
    seen.readyAt = Number.NEGATIVE_INFINITY;
  }

  /** What an operator asked for last is how it is, unless it is being cancelled: that ends a pause. */
  #judgePause(run: RunKey, { controls, taken, paused }: Seen, hasEnded: boolean): void {
    const known = [...controls].filter(([number]) => number <= taken).toSorted(([a], [b]) => a - b);
    const last = known.at(-1)?.[1];
    if (hasEnded || known.some(([, type]) => type === 'cancel' || type === 'reopen')) return;
    if ((last === 'pause' && !paused) || (last === 'resume' && paused))
      this.#violations.report(
        `the run ${run} is ${paused ? '' : 'not '}paused, but was last asked to ${last}`,
      );
  }

  override async strand(now: number, error: Failure): Promise<number> {
    const stranded = await this.inner.strand(now, error);
    if (stranded === 0) return stranded;
    this.#deeds.did('stuck for want of a worker, and went on');
    const stuck = await this.inner.query({
      namespace: 'default',
      statuses: ['stuck'],
      limit: Number.MAX_SAFE_INTEGER,
    });
    // When it is found stuck its time has come, by the clock of who finds it. With the next worker it begins at once.
    for (const run of stuck) await this.#judgeStuck(this.#seenOf(run), run, now);
    return stranded;
  }

  override async purge(namespace: string, id: string): Promise<boolean> {
    const run = await this.inner.get(namespace, id);
    const done = await this.inner.purge(namespace, id);
    if (!done || run === null) return done;
    if (!isFinal(run.status)) this.#violations.report(`the run "${id}" was purged, and had not ended`);
    this.purged.add(run.key);
    this.purgedIds.add(id);
    this.#startedAsChildren.delete(id);
    const left = [...(await this.inner.journal(run.key, 0, 1)), ...(await this.inner.facts(run.key, 0))];
    if (left.length > 0 || (await this.inner.get(namespace, id)) !== null)
      this.#violations.report(`the run "${id}" was purged, and is still there`);
    return done;
  }
}

function seenFirst(readyAt: number, how: { begun: boolean; remembers: boolean }): Seen {
  return { readyAt, ...how, given: 0, taken: 0, paused: false, controls: new Map() };
}

function noteControls(seen: Seen, facts: readonly NumberedFact[]): void {
  for (const { number, fact } of facts) if (isControl(fact)) seen.controls.set(number, fact.type);
}

function isGivenUp(event: JournalEvent): event is Extract<JournalEvent, { type: 'operation.failed' }> {
  return (
    event.type === 'operation.failed' &&
    (event.error.code === 'WAIT_TIMED_OUT' || event.error.code === 'HEARTBEAT_MISSED')
  );
}
