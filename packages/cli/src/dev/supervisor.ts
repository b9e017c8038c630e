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
  crashed(): void;
}

/**
 * Keeps one engine process running on the files as they are now.
 *
 *     load in a new process ── invalid ──────────────────────────▶ wait for a change ──▶ load
 *          │ loaded                                                      ▲
 *          ▼                                                             │
 *     drain the old process ──▶ open store and port in the new one ──────┘
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
      const { files, problem } = await this.#load();
      if (signal.aborted) break;
      const change = fileChange(files, problem !== undefined, signal);
      // Told only now that the files are watched: whoever mends them at once is not overlooked.
      if (problem !== undefined) this.#events.invalid(problem, this.#serving !== null);
      const changed = await change;
      if (changed !== undefined) this.#events.changed(changed);
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

  async #load(): Promise<Load> {
    const given = this.#settings.files.map((path) => ({ path, modifiedAt: modifiedAtNow(path) }));
    const engine = new EngineHandle({ ...this.#settings, port: this.#port }, this.#quiet);
    this.#loading = engine;
    const report = await engine.nextReport();
    if (report?.type === 'loaded') {
      return { files: [...report.files, ...given], problem: await this.#replaceBy(engine, report.workflows) };
    }
    if (report?.type === 'invalid') return { files: [...report.files, ...given], problem: report.error };
    return { files: given, problem: ENDED_TOO_EARLY };
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
      void engine.exited.then(() => this.#noticeEnd(engine));
      this.#events.listening(report.url, workflows);
      return undefined;
    }
    this.#serving = null;
    if (report?.type !== 'failed') return ENDED_TOO_EARLY;
    const { code, message } = report.error;
    // A change of the files does not mend a port or a store.
    if (code === 'LISTEN_REFUSED' || code.startsWith('STORE_'))
      throw new StepwellError(code as ErrorCode, message);
    return report.error;
  }

  #noticeEnd(engine: EngineHandle): void {
    if (engine.isStopping) return;
    this.#serving = null;
    this.#events.crashed();
  }
}

interface Load {
  readonly files: readonly WatchedFile[];
  /** Why they are not in use; a new source beside them may then be what they lacked. */
  readonly problem: ReportedError | undefined;
}

const ENDED_TOO_EARLY: ReportedError = {
  code: 'WORKFLOW_FILE_INVALID',
  message: 'The process ended before it could run the workflows: see above for what it printed.',
};
