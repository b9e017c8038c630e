import type { Command } from 'commander';
import { type RunInfo, StepwellError } from 'stepwell';
import type { ServerApi } from '../api/server-api.ts';
import { runEvents } from '../api/run-events.ts';
import type { Output } from '../terminal/output.ts';
import { errorText } from '../timeline/error-text.ts';
import { eventLine } from '../timeline/event-line.ts';
import { contextOf } from './context.ts';
import { parseJsonArgument, readJsonFile } from './json-argument.ts';

interface RunOptions {
  inputFile?: string;
  id?: string;
  wait?: true;
}

export function addRunCommand(parent: Command): void {
  parent
    .command('run')
    .summary('start a run of a workflow')
    .description('Starts a run. The same --id again, with the same input, is the same run.')
    .argument('<workflow>', 'name of the workflow')
    .argument('[input]', 'the input as JSON; - reads it from stdin')
    .option('--input-file <path>', 'read the input from a file; - for stdin')
    .option('--id <id>', 'id of the run; default: a new one')
    .option('--wait', 'follow the run to its end and print its result')
    .action(async (workflow: string, input: string | undefined, options: RunOptions, command: Command) => {
      const { api, output } = contextOf(command);
      const started = await start(api, workflow, inputOf(input, options), options.id);
      if (options.wait !== true) {
        output.result(started, () => [started.id]);
        return;
      }
      output.note(`run ${started.id}`);
      showResult(await follow(api, started.id, output), output);
    });
}

function inputOf(argument: string | undefined, { inputFile }: RunOptions): unknown {
  if (argument !== undefined && inputFile !== undefined) {
    throw new StepwellError(
      'COMMAND_INVALID',
      'The input is given twice: as an argument and with --input-file.',
    );
  }
  return inputFile === undefined
    ? parseJsonArgument(argument, 'input')
    : readJsonFile(inputFile, 'input of --input-file');
}

function start(
  api: ServerApi,
  workflow: string,
  input: unknown,
  id: string | undefined,
): Promise<{ id: string }> {
  const body = { ...(input !== undefined && { input }), ...(id !== undefined && { id }) };
  return api.post(`/v1/workflows/${encodeURIComponent(workflow)}/runs`, body);
}

/** Shows a run's events as they come, and those of the runs that go on for it. The answer is the last run at its end. */
async function follow(api: ServerApi, id: string, output: Output): Promise<RunInfo> {
  for await (const event of runEvents(api, id, 0, () => output.note('connection lost, resuming …'))) {
    output.note(eventLine(event, Date.now(), process.stderr.columns ?? Number.POSITIVE_INFINITY));
  }
  const run = await api.get<RunInfo>(`/v1/runs/${encodeURIComponent(id)}`);
  return run.continuedBy === undefined ? run : follow(api, run.continuedBy, output);
}

/** @throws StepwellError `RUN_FAILED`, `RUN_CANCELLED` or `RUN_TIMED_OUT`: so the command ends as the run did */
function showResult({ id, status, output: value, error }: RunInfo, output: Output): void {
  output.result({ id, status, output: value, error }, () =>
    value === undefined ? [] : [JSON.stringify(value, null, 2)],
  );
  if (status === 'succeeded') return;
  const code =
    status === 'cancelled' ? 'RUN_CANCELLED' : status === 'timed_out' ? 'RUN_TIMED_OUT' : 'RUN_FAILED';
  const why = error === undefined ? '' : `: ${errorText(error)}`;
  throw new StepwellError(code, `The run ${id} ${status === 'failed' ? 'failed' : `was ${status}`}${why}`);
}
