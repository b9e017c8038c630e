import type { Command } from 'commander';
import { type RunInfo, type StartOptions, StepwellError } from 'stepwell';
import { openTarget, type Target, targetOption, workflowsOption } from '../target/target.ts';
import type { Output } from '../terminal/output.ts';
import { errorText } from '../timeline/error-text.ts';
import { eventLine } from '../timeline/event-line.ts';
import { durationOf, wholeNumber } from './argument.ts';
import { parseJsonArgument, readJsonFile } from './json-argument.ts';
import { showStarted } from './started.ts';

/** Of a line that tells what happens, where it is not for a terminal: the result itself goes to stdout, whole. */
const NOTE_WIDTH = 500;

interface RunOptions {
  inputFile?: string;
  id?: string;
  workflowVersion?: string;
  queue?: string;
  priority?: string;
  delay?: string;
  timeout?: string;
  tag?: string[];
  concurrencyKey?: string;
  wait?: true;
}

export function addRunCommand(parent: Command): void {
  parent
    .command('run')
    .summary('start a run of a workflow')
    .description(
      'Starts a run. The same --id again, with the same input, is the same run. In a store (--store), the workflow must be in --workflows, and a worker elsewhere executes it.',
    )
    .argument('<workflow>', 'name of the workflow')
    .argument('[input]', 'the input as JSON; - reads it from stdin')
    .option('--input-file <path>', 'read the input from a file; - for stdin')
    .option('--id <id>', 'id of the run; default: a new one')
    .option('--workflow-version <version>', 'version of the workflow; default: the newest')
    .option('--queue <name>', 'default: that of the workflow')
    .option('--priority <n>', '0 to 9, the most urgent')
    .option('--delay <duration>', 'not before this time has passed, e.g. 10m')
    .option('--timeout <duration>', 'of the whole run; default: that of the workflow')
    .option('--tag <tag...>', 'tags by which it is found')
    .option('--concurrency-key <key>', 'runs with the same key take turns')
    .option('--wait', 'follow the run to its end and print its result')
    .addOption(targetOption())
    .addOption(workflowsOption())
    .action(async (workflow: string, text: string | undefined, options: RunOptions, command: Command) => {
      const input = await inputOf(text, options);
      const start = startOf(options);
      await using target = await openTarget(command);
      const { well, output, url } = target;
      const run = await well.start(workflow, input, start);
      if (options.wait !== true) return showStarted(run, target);
      output.note(`run ${run.id}  ${url(run.id) ?? ''}`.trimEnd());
      showResult(await follow(target, run.id), output);
    });
}

/** @throws StepwellError `COMMAND_INVALID` */
function startOf(options: RunOptions): StartOptions {
  const { id, workflowVersion, queue, priority, delay, timeout, tag, concurrencyKey } = options;
  return {
    ...(id !== undefined && { id }),
    ...(workflowVersion !== undefined && { version: workflowVersion }),
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority: wholeNumber(priority, 'priority', 0, 9) }),
    ...(delay !== undefined && { delay: durationOf(delay, 'delay') }),
    ...(timeout !== undefined && { timeout: durationOf(timeout, 'timeout') }),
    ...(tag !== undefined && { tags: tag }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
  };
}

async function inputOf(argument: string | undefined, { inputFile }: RunOptions): Promise<unknown> {
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

/** Shows a run's events as they come, and those of the runs that go on for it. The answer is the last run at its end. */
async function follow({ well, output }: Target, id: string): Promise<RunInfo> {
  for (let run = id; ; ) {
    for await (const event of well.events(run)) {
      output.note(eventLine(event, Date.now(), process.stderr.columns ?? NOTE_WIDTH));
    }
    const info = await well.get(run);
    if (info.continuedBy === undefined) return info;
    run = info.continuedBy;
  }
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
