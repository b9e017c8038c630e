import { setTimeout as passed } from 'node:timers/promises';
import { StepwellError, type ErrorCode } from 'stepwell';
import { EngineHandle } from './engine-handle.ts';
import { fileChange, modifiedAtNow } from './file-watch.ts';
import type { EngineSettings, ReportedError, WatchedFile } from './messages.ts';

/** What happens while developing, for whoever shows it. */
export interface DevEvents {
  listening(url: string, workflows: readonly string[]): void;
  changed(file: string): void;
  /** The files cannot be used as they are; `stillServing`: the engine with the files as they were goes on. */
  invalid(error: ReportedError, stillServing: boolean): void;
  /** The engine ended by itself. @param restartIn ms until it is started again; null: once a file changes */
  crashed(how: string, restartIn: number | null): void;
}

/** Before an engine that has ended by itself is started again (ms): twice as long each time, since it may well do it again. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** One that has served for so long was well: the pauses begin anew (ms). */
const WELL_AFTER = 60_000;

/**
 * Keeps one engine process running on the files as they are now.
 *
 *     load in a new process ── invalid ──────────────────────────▶ wait for a change ──▶ load
 *          │ loaded                                                      ▲
 *          ▼                                                             │
 *     drain the old process ──▶ open store and port in the new one ──────┤
 *                                                                        │
 *                          load ◀── a pause ◀── it ends by itself ◀──────┘
 *
 * The old process ends before the new one opens the store: a SQLite file has one engine at a time. A run in flight is
 * given back by the one and taken up by the other.
 */
export class Supervisor {
  readonly #settings: EngineSettings;
  readonly #events: DevEvents;
  readonly #quiet: boolean;
  readonly #stopped = new AbortController();
  #serving: EngineHandle | null = null;
  #loading: EngineHandle | null = null;
  #port: number;
  #pause = FIRST_PAUSE;

  constructor(settings: EngineSettings, events: DevEvents, quiet: boolean) {
    this.#settings = settings;
    this.#events = events;
    this.#quiet = quiet;
    this.#port = settings.port;
  }

  /** Ends after `stop`. @throws StepwellError `STORE_…`, `LISTEN_REFUSED` */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const load = await this.#load();
      if (!signal.aborted) await this.#untilNext(load);
    }
    await this.#serving?.stop();
  }

  /** Ends `run`; running steps may finish. */
  stop(): void {
    this.#stopped.abort();
    this.#loading?.kill();
  }

  /** Ends `run` at once. */
  kill(): void {
    this.stop();
    this.#serving?.kill();
  }

  /** Ends when the files are to be loaded again: one has changed, or the engine has ended and its pause has passed. */
  async #untilNext({ files, problem, engine }: Load): Promise<void> {
    const over = new AbortController();
    const change = fileChange(
      files,
      problem !== undefined,
      AbortSignal.any([this.#stopped.signal, over.signal]),
    );
    // Told only now that the files are watched: whoever mends them at once is not overlooked.
    if (problem !== undefined) this.#events.invalid(problem, this.#serving !== null);
    void engine?.exited.then(async (how) => {
      if (engine.isStopping || over.signal.aborted) return;
      // Files that cannot be loaded have to change first.
      if (problem !== undefined) return this.#events.crashed(how, null);
      await this.#pauseAfter(engine, how, over.signal);
      over.abort();
    });
    const changed = await change;
    over.abort();
    if (changed === undefined) return;
    this.#pause = FIRST_PAUSE;
    this.#events.changed(changed);
  }

  async #pauseAfter(engine: EngineHandle, how: string, over: AbortSignal): Promise<void> {
    if (performance.now() - engine.startedAt > WELL_AFTER) this.#pause = FIRST_PAUSE;
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
    this.#events.crashed(how, pause);
    await passed(pause, undefined, { signal: over }).catch(() => {});
  }

  async #load(): Promise<Load> {
    const given = this.#settings.files.map((path) => ({ path, modifiedAt: modifiedAtNow(path) }));
    const engine = new EngineHandle({ ...this.#settings, port: this.#port }, this.#quiet);
    this.#loading = engine;
    const report = await engine.nextReport();
    if (report?.type === 'loaded') {
      const problem = await this.#replaceBy(engine, report.workflows);
      return { files: [...report.files, ...given], problem, engine: problem === undefined ? engine : null };
    }
    const still = this.#serving;
    if (report?.type === 'invalid')
      return { files: [...report.files, ...given], problem: report.error, engine: still };
    return { files: given, problem: ENDED_TOO_EARLY, engine: still };
  }

  /** What kept the new process from serving, if anything did. */
  async #replaceBy(engine: EngineHandle, workflows: readonly string[]): Promise<ReportedError | undefined> {
    await this.#serving?.stop();
    if (this.#stopped.signal.aborted) return undefined;
    this.#serving = engine;
    this.#loading = null;
    engine.send({ type: 'open' });
    const report = await engine.nextReport();
    if (report?.type === 'listening') {
      // Whoever knows the address finds the next process there as well.
      this.#port = Number(new URL(report.url).port);
      void engine.exited.then(() => {
        if (this.#serving === engine) this.#serving = null;
      });
      this.#events.listening(report.url, workflows);
      return undefined;
    }
    this.#serving = null;
    // It ended without a word: the run that it took up first may have ended it.
    if (report?.type !== 'failed') return undefined;
    const { code, message } = report.error;
    // A change of the files does not mend a port or a store.
    if (code === 'LISTEN_REFUSED' || code.startsWith('STORE_'))
      throw new StepwellError(code as ErrorCode, message);
    return report.error;
  }
}

interface Load {
  readonly files: readonly WatchedFile[];
  /** Why they are not in use; a new source beside them may then be what they lacked. */
  readonly problem: ReportedError | undefined;
  /** The one that serves, or has just ended. */
  readonly engine: EngineHandle | null;
}

const ENDED_TOO_EARLY: ReportedError = {
  code: 'WORKFLOW_FILE_INVALID',
  message: 'The process ended before the workflow files were loaded: see above for what it printed.',
};
