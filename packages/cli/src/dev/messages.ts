import type { SeeingSettings } from '../seeing/options.ts';

/** What the supervisor of `stepwell dev` tells its engine process. */
export type Order = { readonly type: 'open' } | { readonly type: 'stop' };

/** What the engine process tells back. */
export type Report =
  /** The workflow files are loaded; it waits for `open`. */
  | { readonly type: 'loaded'; readonly workflows: readonly string[]; readonly files: readonly WatchedFile[] }
  /** A workflow file cannot be loaded: the process ends. */
  | { readonly type: 'invalid'; readonly error: ReportedError; readonly files: readonly WatchedFile[] }
  | { readonly type: 'listening'; readonly url: string }
  /** Store or port cannot be had: the process ends. */
  | { readonly type: 'failed'; readonly error: ReportedError };

export interface ReportedError {
  readonly code: string;
  readonly message: string;
}

/** A source file as it was when it was read. */
export interface WatchedFile {
  readonly path: string;
  readonly modifiedAt: number;
}

/** How the engine process is told what to do: the JSON of its one argument. */
export interface EngineSettings {
  readonly files: readonly string[];
  readonly store: string;
  readonly artifacts?: string;
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  readonly seeing: SeeingSettings;
}
