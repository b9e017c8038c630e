import type { ArtifactStore } from '../artifacts/contract.ts';
import { LargePayloads } from '../artifacts/large-payloads.ts';
import { type Loader, loaderOf, loadingStore, NOTHING_TO_LOAD } from '../artifacts/loading-store.ts';
import { Ownership } from '../artifacts/ownership.ts';
import { Shelf } from '../artifacts/shelf.ts';
import { harmless, type Instruments } from '../engine/instruments.ts';
import type { System } from '../engine/system.ts';
import { Worker } from '../engine/worker.ts';
import type { Codec } from '../model/codec.ts';
import { Payloads } from '../model/payload.ts';
import type { RunRecord } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import type { ExecutionParts } from '../workflow/execution.ts';
import { FunctionRuntime } from '../workflow/function-runtime.ts';
import { Artifacts } from './artifacts.ts';
import { Callbacks } from './callbacks.ts';
import { Control } from './control.ts';
import type { CheckedOptions } from './options.ts';
import type { StartParts } from './start.ts';
import { Sweeps } from './sweeps.ts';
import { reportError, systemFor } from './system.ts';
import { transact } from './transact.ts';
import { Watch } from './watch.ts';

/** What an engine is put together from. What its methods do takes of it what it needs. */
export interface Assembly extends StartParts {
  /** With large values fetched from where they are kept. */
  readonly store: Store;
  /** With references in place of them: for whoever does not need them, or not all at once. */
  readonly bare: Store;
  readonly loader: Loader;
  readonly codec: Codec | null;
  readonly watch: Watch;
  readonly control: Control;
  readonly callbacks: Callbacks;
  readonly artifacts: Artifacts;
  /** Null: runs are executed elsewhere. */
  readonly worker: Worker | null;
  readonly instruments: Instruments | null;
  /** Keeps payloads that are too large for a journal; null: they are refused. */
  readonly large: LargePayloads | null;
  readonly sweeps: Sweeps | null;
  /** Of the bare store. @throws StepwellError `RUN_NOT_FOUND`, `ID_INVALID`, `ENGINE_CLOSED` */
  readonly record: (id: string) => Promise<RunRecord>;
  /** @throws StepwellError `ENGINE_CLOSED` */
  readonly demandOpen: () => void;
}

/** Puts an engine together; its worker has not begun. @param opened the store of the runs, as it was opened */
export function assemble(
  options: CheckedOptions,
  opened: Store,
  contents: ArtifactStore | null,
  bodyOf: ExecutionParts['bodyOf'],
  demandOpen: () => void,
): Assembly {
  const { namespace, limits, registry, settings } = options;
  const system = options.system ?? systemFor(opened);
  const report = options.onError ?? reportError;
  const shelf = shelfOf(contents, opened, system, limits.artifactBytes);
  // Only where somebody has said where: values that leave the store of the runs are a thing to know of.
  const keeps = shelf !== null && options.artifacts !== undefined;
  const timer: System['timer'] = (delay, callback) => system.timer(delay, callback);
  const large = keeps ? new LargePayloads({ shelf, limit: limits.payloadBytes, timer, report }) : null;
  const loading = keeps ? { contents: shelf.parts.contents, timer, report } : null;
  const store = loading === null ? opened : loadingStore(opened, loading);
  const payloads = new Payloads(options.codec ?? null, limits, large !== null);
  const parts: StartParts = { registry, system, payloads, limits, namespace };
  const control = new Control(opened, parts, demandOpen);
  const artifacts = new Artifacts(shelf, opened, parts, demandOpen, report);
  const watch = new Watch(store, system);
  const instruments = options.instruments === undefined ? null : harmless(options.instruments, report);
  instruments?.tell({ type: 'opened', workflows: registry.workflows });
  const runtime = new FunctionRuntime({
    registry,
    limits,
    settled: (callback) => system.settled(callback),
    codec: payloads.codec,
    transact: (run, key, work) => transact(store, payloads, run, key, work),
    artifacts: shelf,
    bodyOf,
  });
  const forWorker = { store, runtime, system, payloads, limits, large, report, instruments };
  const sweeps = settings !== null && contents !== null && contents.kind !== 'memory';
  return {
    ...parts,
    store,
    bare: opened,
    loader: loading === null ? NOTHING_TO_LOAD : loaderOf(loading),
    codec: payloads.codec,
    watch,
    control,
    callbacks: new Callbacks(store, system, payloads, demandOpen),
    artifacts,
    worker: settings === null ? null : new Worker(forWorker, settings),
    instruments,
    large,
    sweeps: sweeps ? new Sweeps(artifacts, system, report) : null,
    record: (id) => control.record(id),
    demandOpen,
  };
}

/** Null: there is no place for artifacts. */
function shelfOf(
  contents: ArtifactStore | null,
  records: Store,
  system: System,
  limit: number,
): Shelf | null {
  if (contents === null) return null;
  const now = () => system.now();
  const ownership = new Ownership({ contents, store: records, now });
  return new Shelf({ contents, records, ownership, now, limit });
}
