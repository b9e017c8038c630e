import { MemoryArtifacts } from '../artifacts/memory-store.ts';
import { Stepwell } from '../client/stepwell.ts';
import { realSystem } from '../client/system.ts';
import type { RunInfo } from '../client/types.ts';
import { sameJson, type Json } from '../model/json.ts';
import { isFinal, type WaitReason } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AnyDefinition, Definition } from '../workflow/definition.ts';
import { TestClock } from './clock.ts';
import { crashingStore, CrashSwitch, type CrashPoint } from './crashing-store.ts';

export interface CrashTestOptions {
  /** Besides the workflow itself: its children. */
  workflows?: readonly AnyDefinition[];
  /** Called before each of the lives, to make the outside world new. */
  before?: () => void | Promise<void>;
  /**
   * Does what the outside world does when the run waits: raises events, completes callbacks. Called again after a
   * crash, since a caller that got no answer tries again.
   */
  outside?: (reason: WaitReason, well: Stepwell, runId: string) => void | Promise<void>;
  /**
   * Whether an outcome after a crash is as good as the undisturbed one; default: the same status, and the same output or error.
   * Give one where they hold ids or random numbers of `ctx`: a run that crashes before its first commit draws others.
   */
  isSame?: (outcome: CrashOutcome, expected: CrashOutcome) => boolean;
  /** Called at the end of each life: throws if the outside world is not as it should be. */
  after?: (outcome: CrashOutcome) => void | Promise<void>;
}

export interface CrashOutcome {
  readonly status: RunInfo['status'];
  readonly output: Json | undefined;
  readonly error: { readonly name: string; readonly message: string } | undefined;
}

export interface CrashReport {
  readonly expected: CrashOutcome;
  /** Moments at which a life was ended and the run taken up again. */
  readonly points: number;
  readonly problems: readonly CrashProblem[];
}

export interface CrashProblem {
  readonly point: string;
  readonly problem: string;
}

interface Life {
  readonly outcome: CrashOutcome;
  readonly commits: number;
  readonly bodies: number;
  /** How often each body was run. */
  readonly runs: ReadonlyMap<string, number>;
  /** Bodies that were run although their result was on record, or more often than once an attempt on record. */
  readonly tooOften: readonly string[];
}

/** Times that a run is looked at before it is taken to hang. */
const MOST_LOOKS = 10_000;

/**
 * Runs a workflow once for every commit and every run of a body, each time with a crash there, and takes it up again in
 * a new process. Reports where the outcome differed from the undisturbed one, or a body was run more often than promised.
 */
export async function crashTest<I>(
  workflow: Definition<I, unknown>,
  input: I,
  options: CrashTestOptions = {},
): Promise<CrashReport> {
  const undisturbed = await live(workflow, input, options, null);
  const problems: CrashProblem[] = [];
  const points = allPoints(undisturbed);
  for (const point of points) {
    const name = `${point.at} ${point.n}`;
    try {
      const life = await live(workflow, input, options, point);
      for (const problem of compare(life, undisturbed, options)) problems.push({ point: name, problem });
    } catch (error) {
      problems.push({ point: name, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return { expected: undisturbed.outcome, points: points.length, problems };
}

function allPoints({ commits, bodies }: Life): CrashPoint[] {
  const around = (what: 'commit' | 'body', count: number): CrashPoint[] =>
    Array.from({ length: count }, (_, n) => n + 1).flatMap((n) => [
      { at: `before ${what}`, n },
      { at: `after ${what}`, n },
    ]);
  return [...around('commit', commits), ...around('body', bodies)];
}

function compare(life: Life, undisturbed: Life, { isSame = sameOutcome }: CrashTestOptions): string[] {
  const problems = life.tooOften.map((what) => `a body was run more often than promised: ${what}`);
  if (!isSame(life.outcome, undisturbed.outcome)) {
    problems.push(
      `the outcome was ${show(life.outcome)}, without a crash it was ${show(undisturbed.outcome)}`,
    );
  }
  return problems;
}

function sameOutcome(a: CrashOutcome, b: CrashOutcome): boolean {
  return (
    a.status === b.status &&
    sameJson(a.output, b.output) &&
    a.error?.name === b.error?.name &&
    a.error?.message === b.error?.message
  );
}

function show({ status, output, error }: CrashOutcome): string {
  return `${status} ${JSON.stringify(error ?? output)}`;
}

/** Lives a run to its end, through one crash if a point for it is given. */
async function live<I>(
  workflow: Definition<I, unknown>,
  input: I,
  options: CrashTestOptions,
  point: CrashPoint | null,
): Promise<Life> {
  await options.before?.();
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  const store = openMemoryStore();
  const artifacts = new MemoryArtifacts(() => clock.now());
  const bodies = new BodyCount(store);
  const workflows = [workflow, ...(options.workflows ?? [])];
  let well: Stepwell;
  const crash = new CrashSwitch(point, () => well.kill());
  const open = (view: Store, through: CrashSwitch) =>
    Stepwell.openWith(
      { store: view, artifacts, workflows, system: clock.system },
      (run, op, body) => async (io) => {
        const n = ++through.counts.bodies;
        await through.pass('before body', n);
        await bodies.enter(run.key, run.id, op);
        const value: unknown = await body(io);
        await through.pass('after body', n);
        return value;
      },
    );

  well = await open(crashingStore(store, crash), crash);
  const { id } = await well.start(workflow as Definition, input, { id: 'crash-test' });
  let info = await follow(well, clock, id, options, () => crash.crashed);
  if (crash.crashed) {
    for (const worker of await store.workers()) await store.retire(worker.id, clock.now());
    well = await open(store, new CrashSwitch(null, () => {}));
    info = await follow(well, clock, id, options, () => false);
  }
  await well.close({ grace: 0 });
  if (info === null || !isFinal(info.status))
    throw new Error(`The run did not end: ${JSON.stringify(info?.waitingFor)}`);
  const { status, output, error } = info;
  const outcome = {
    status,
    // Loaded: its artifacts are in memory.
    output: output as Json | undefined,
    error: error === undefined ? undefined : { name: error.name, message: error.message },
  };
  await options.after?.(outcome);
  return { outcome, ...crash.counts, runs: bodies.runs, tooOften: bodies.tooOften };
}

/** Moves the clock and plays the outside world until the run has ended or the process has died. */
async function follow(
  well: Stepwell,
  clock: TestClock,
  id: string,
  { outside }: CrashTestOptions,
  isDead: () => boolean,
): Promise<RunInfo | null> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    await clock.settle();
    if (isDead()) return null;
    const info = await well.get(id);
    if (isFinal(info.status)) return info;
    if (info.status === 'stuck') throw new Error(`The run is stuck: ${info.waitingFor[0]?.detail}`);
    if (info.status === 'waiting' && outside !== undefined) {
      const before = clock.now();
      for (const reason of info.waitingFor) await outside(reason, well, id);
      await clock.settle();
      if (isDead()) return null;
      const after = await well.get(id);
      if (
        after.status !== 'waiting' ||
        !sameJson(after.waitingFor, info.waitingFor) ||
        clock.now() !== before
      )
        continue;
    }
    if (well.load().active > 0) await new Promise<void>((resolve) => void realSystem.timer(1, resolve));
    await clock.advanceToNext();
  }
  throw new Error(`The run "${id}" did not end.`);
}

/** Counts the runs of bodies, and holds each against the journal at that moment. */
class BodyCount {
  readonly runs = new Map<string, number>();
  readonly tooOften: string[] = [];
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async enter(key: number, id: string, op: string): Promise<void> {
    const body = `${id} ${op}`;
    const runs = (this.runs.get(body) ?? 0) + 1;
    this.runs.set(body, runs);
    let attempts = 0;
    let done = false;
    for (const { events } of await this.#store.journal(key, 0, Number.MAX_SAFE_INTEGER)) {
      for (const event of events) {
        if (event.type === 'operation.started' && event.op === op && event.held === undefined) attempts++;
        if (event.type === 'operation.attempt' && event.op === op) attempts++;
        if (event.type === 'operation.succeeded' && event.op === op) done = true;
        if (event.type === 'run.retrying' || event.type === 'run.reopened') done = false;
      }
    }
    if (done) this.tooOften.push(`"${op}" although its result was on record`);
    else if (runs > attempts)
      this.tooOften.push(`"${op}" ${runs} times, with ${attempts} attempts on record`);
  }
}
