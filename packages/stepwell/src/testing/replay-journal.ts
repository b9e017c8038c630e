import { realSystem } from '../client/system.ts';
import { rehearse } from '../engine/rehearsal.ts';
import type { End } from '../engine/runtime.ts';
import type { Codec } from '../model/codec.ts';
import { type ErrorCode, StepwellError } from '../model/errors.ts';
import type { Commit, JournalEventType } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import { type Limits, withDefaultLimits } from '../model/limits.ts';
import { Payloads } from '../model/payload.ts';
import type { RunRecord } from '../model/run.ts';
import type { StoredRun } from '../store/records.ts';
import type { AnyDefinition } from '../workflow/definition.ts';
import { FunctionRuntime } from '../workflow/function-runtime.ts';
import { Registry } from '../workflow/registry.ts';
import { commitsOf, readExport } from './exported-run.ts';

export interface ReplayOptions {
  /** Try the workflow in this version instead of the one that the run was started with. */
  asVersion?: string;
  /** The one with which the run was lived. Runs that were exported from a server need none. */
  codec?: Codec;
  limits?: Partial<Limits>;
}

/** Whether code still fits a journal. */
export type Replayed = { readonly fits: true } | Misfit;

export interface Misfit {
  readonly fits: false;
  /** The code with which the run would be stuck: `JOURNAL_MISMATCH`, `NO_WORKER` (no such version), `JOURNAL_TOO_NEW` … */
  readonly reason: ErrorCode;
  readonly message: string;
  /** What the journal has; null: nothing more in this place, or it is not about one place. */
  readonly journal: RecordedSide | null;
  /** What the code does there; null: it does not ask for what the journal has, or it is not about one place. */
  readonly code: CodeSide | null;
}

export interface RecordedSide {
  readonly position: number;
  readonly op?: string;
  readonly kind?: string;
  /** The run's end, if it is that which differs: `run.succeeded` … */
  readonly end?: string;
}

export interface CodeSide {
  readonly op?: string;
  readonly kind?: string;
  /** The function returns, throws or continues as another run; `waits`: it has not come to its end. */
  readonly end?: 'returned' | 'threw' | 'continued' | 'waits';
}

/**
 * Replays the journal of an exported run against code, and says whether it still fits: with the engine's own replay, so
 * what does not fit here would be stuck there. Nothing is executed but the workflow function itself: no body of a step,
 * no store, no timer. Of a run that ended by its function, the code must also come to that end.
 *
 * @param workflows the workflow, or all that the run may need
 * @param exported what `JSON.parse` made of a file of `stepwell export`
 * @throws StepwellError `EXPORT_INVALID`, `WORKFLOW_DUPLICATE`, `OPTION_INVALID`
 */
export async function replayJournal(
  workflows: AnyDefinition | readonly AnyDefinition[],
  exported: unknown,
  { asVersion, codec, limits: given }: ReplayOptions = {},
): Promise<Replayed> {
  const { run, journal } = readExport(exported);
  if (codec === undefined) demandPlain(run, journal);
  const commits = commitsOf(journal);
  const registry = new Registry('fn' in workflows ? [workflows] : workflows);
  const limits = withDefaultLimits(given);
  const payloads = new Payloads(codec ?? null, limits);
  const runtime = new FunctionRuntime({
    registry,
    limits,
    settled: realSystem.settled,
    codec: payloads.codec,
    // Only bodies of steps could ask for one.
    transact: () => Promise.reject(new StepwellError('INTERNAL', 'a body was run in a rehearsal')),
    artifacts: null,
    bodyOf: null,
  });
  const version = asVersion ?? run.version;
  const parts = { runtime, system: realSystem, payloads, limits };
  const { stuck, end } = await rehearse({ ...run, version }, commits, parts);
  return stuck === null ? comparedEnd(commits, end) : misfitOf(stuck);
}

/** What the function would be given is not what it has written. @throws StepwellError `OPTION_INVALID` */
function demandPlain({ id, input }: RunRecord, journal: StoredRun['journal']): void {
  const texts = [JSON.stringify(input) ?? '', ...journal.map(({ events }) => events)];
  if (!texts.some((text) => CODED.test(text))) return;
  throw new StepwellError(
    'OPTION_INVALID',
    `The payloads of run "${id}" were encoded by a codec. Give it: replayJournal(workflows, exported, { codec }).`,
  );
}

/** Inside a text of JSON the quotes would be escaped. */
const CODED = /\{"\$coded":"/;

function misfitOf({ code, message, data }: Failure): Misfit {
  const sides = (data ?? {}) as { journal?: RecordedSide | null; code?: CodeSide | null };
  return {
    fits: false,
    reason: code as ErrorCode,
    message,
    journal: sides.journal ?? null,
    code: sides.code ?? null,
  };
}

/** How a function brought about the ends that nothing else brings about. */
const ENDS: Partial<Record<JournalEventType, CodeSide['end']>> = {
  'run.succeeded': 'returned',
  'run.failed': 'threw',
  'run.continued': 'continued',
};

/** An engine never replays a run that has ended; that its code comes to another end shows only here. */
function comparedEnd(commits: readonly Commit[], end: End | null): Replayed {
  const last = commits.at(-1);
  const recorded = last?.events.at(-1)?.type;
  const wanted = recorded === undefined ? undefined : ENDS[recorded];
  const found = (end?.type ?? 'waits') as NonNullable<CodeSide['end']>;
  if (last === undefined || recorded === undefined || wanted === undefined || wanted === found)
    return { fits: true };
  const position = last.position + last.events.length - 1;
  const code =
    end === null
      ? 'has not come to its end'
      : end.type === 'threw'
        ? `throws ${end.error.name}: ${end.error.message}`
        : end.type;
  return {
    fits: false,
    reason: 'JOURNAL_MISMATCH',
    message: `The code does not fit the journal. The journal has: the end ${recorded} at position ${position}. The code: ${code}.`,
    journal: { position, end: recorded },
    code: { end: found },
  };
}
