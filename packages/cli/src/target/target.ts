import { existsSync } from 'node:fs';
import type { Schedules as StoreSchedules } from '@stepwell/schedules';
import { type Command, Option } from 'commander';
import { isStepwellError, Stepwell, StepwellError } from 'stepwell';
import { connect } from 'stepwell/client';
import { existingFile } from '../commands/argument.ts';
import { artifactsOf } from '../commands/store-option.ts';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { placeOf } from '../export/place.ts';
import { Output } from '../terminal/output.ts';
import type { Schedules, Well } from './well.ts';

/** What a command works on: a server, or a store that it opens without executing anything. */
export interface Target extends AsyncDisposable {
  readonly well: Well;
  readonly output: Output;
  readonly schedules: () => Promise<Schedules>;
  /** Where a run is found on the server; a store has no such place. */
  readonly url: (run: string) => string | undefined;
}

/** For a command that works on a server or on a store. */
export function targetOption(): Option {
  return new Option(
    '--store <store>',
    'open this store instead of asking a server: sqlite:path/to/file.db (that no engine has open), postgres://…',
  ).env('STEPWELL_STORE');
}

/** For a command that starts runs: a store does not know the workflows, a server does. */
export function workflowsOption(): Option {
  return new Option('--workflows <file...>', 'files that export the workflows; only with --store');
}

/** @throws StepwellError `COMMAND_INVALID`, `STORE_…`, `WORKFLOW_FILE_INVALID` */
export async function openTarget(command: Command): Promise<Target> {
  const place = placeOf(command);
  const { json, workflows = [] } = command.optsWithGlobals<{ json?: true; workflows?: string[] }>();
  const output = new Output(json === true);
  if ('store' in place) return openStore(place.store, artifactsOf(command), workflows, output);
  if (workflows.length > 0)
    throw new StepwellError(
      'COMMAND_INVALID',
      'A server knows its workflows: give --workflows with --store only.',
    );
  return onServer(place.server, output);
}

function onServer(server: string, output: Output): Target {
  const client = connectTo(server, () => output.note('connection lost, resuming …'));
  return {
    well: client,
    output,
    schedules: () => Promise.resolve(client.schedules),
    url: (run) => `${client.url}/v1/runs/${encodeURIComponent(run)}`,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** @throws StepwellError `COMMAND_INVALID` for a server that is no URL */
export function connectTo(server: string, onLost = () => {}) {
  try {
    return connect(server, { onLost });
  } catch (error) {
    if (!isStepwellError(error, 'OPTION_INVALID')) throw error;
    throw new StepwellError('COMMAND_INVALID', error.message, { cause: error });
  }
}

async function openStore(
  store: string,
  artifacts: { artifacts?: string },
  files: readonly string[],
  output: Output,
): Promise<Target> {
  demandFile(store);
  const workflows = await loadWorkflows(files.map(existingFile));
  const well = await Stepwell.open({ store, ...artifacts, workflows, worker: false }).catch(explainInUse);
  let schedules: StoreSchedules | undefined;
  return {
    well,
    output,
    schedules: async () => {
      const { Schedules } = await import('@stepwell/schedules');
      return (schedules ??= await Schedules.open(well));
    },
    url: () => undefined,
    async [Symbol.asyncDispose]() {
      await schedules?.close();
      await well.close();
    },
  };
}

/** An engine would make a file that is not there: a misspelt name would show an empty store. */
function demandFile(store: string): void {
  const path = /^sqlite:(.+)$/.exec(store)?.[1];
  if (path === undefined || existsSync(path)) return;
  throw new StepwellError('COMMAND_INVALID', `There is no store ${store}: the file does not exist.`);
}

function explainInUse(error: unknown): never {
  if (!isStepwellError(error, 'STORE_IN_USE')) throw error;
  throw new StepwellError(
    'STORE_IN_USE',
    `${error.message} While an engine has the file, ask its server: --server URL in place of --store.`,
    { cause: error },
  );
}
