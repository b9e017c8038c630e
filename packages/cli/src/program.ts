import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { type ErrorCode, isStepwellError } from 'stepwell';
import { addArtifactsCommand } from './commands/artifacts.ts';
import { addCallbackCommand } from './commands/callback.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addCopyCommand } from './commands/copy.ts';
import { addDevCommand } from './commands/dev.ts';
import { addEventsCommand } from './commands/events.ts';
import { addForkCommand } from './commands/fork.ts';
import { addListCommand } from './commands/list.ts';
import { addPauseCommand, addResumeCommand } from './commands/pause.ts';
import { addPurgeCommand } from './commands/purge.ts';
import { addQueueCommand } from './commands/queue.ts';
import { addRaiseCommand } from './commands/raise.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addRunCommand } from './commands/run.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addServerCommand } from './commands/server.ts';
import { addShowCommand } from './commands/show.ts';
import { addWatchCommand } from './commands/watch.ts';
import { addWorkerCommand } from './commands/worker.ts';
import { addCheckCommand } from './commands/check.ts';
import { addExportCommand } from './commands/export.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addImportCommand } from './commands/import.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { commandOf } from './completion/candidates.ts';
import { artifactsOption } from './commands/store-option.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { FoundSomething } from './found-something.ts';
import { Output } from './terminal/output.ts';

/** Executes a command line, given without node and script. Errors are printed; the answer is the exit code. */
export async function execute(args: readonly string[]): Promise<number> {
  const output = new Output(args.includes('--json'));
  const commands = program();
  try {
    await commands.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError)
      return explainUsage(error, nameOf(commandOf(commands, args)), output);
    explain(error, output);
    return exitCodeOf(error);
  }
}

/** The whole command line, as commander knows it. */
export function program(): Command {
  const program = new Command('stepwell')
    .description(
      'Durable functions for TypeScript: develop workflows, start runs, look at them, control them.',
    )
    .version(version())
    .addOption(
      new Option('--server <url>', 'the server to talk to')
        .env('STEPWELL_SERVER')
        .default('http://127.0.0.1:8787'),
    )
    .addOption(artifactsOption())
    .option('--json', 'print JSON, for programs')
    .configureHelp({ showGlobalOptions: true })
    // Usage errors are printed by explainUsage, in the form that was asked for.
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  addDevCommand(program);
  addWorkerCommand(program);
  addServerCommand(program);
  addRunCommand(program);
  addListCommand(program);
  addShowCommand(program);
  addWatchCommand(program);
  addEventsCommand(program);
  addRaiseCommand(program);
  addCallbackCommand(program);
  addCancelCommand(program);
  addPauseCommand(program);
  addResumeCommand(program);
  addRetryCommand(program);
  addForkCommand(program);
  addPurgeCommand(program);
  addQueueCommand(program);
  addScheduleCommand(program);
  addArtifactsCommand(program);
  addCopyCommand(program);
  addDoctorCommand(program);
  addImportCommand(program);
  addReplayCommand(program);
  addExportCommand(program);
  addCheckCommand(program);
  addCompletionCommand(program);
  return program;
}

/** With those that it is one of: `stepwell queue set`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function explainUsage(error: CommanderError, command: string, output: Output): number {
  if (error.exitCode === 0) return EXIT.ok;
  // `stepwell` alone prints its help, which says more than an error could.
  if (error.code !== 'commander.help') {
    const what = error.message
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')
      .replace(/\.$/, '');
    output.error('COMMAND_INVALID', `${what}. See ${command} --help.`);
  }
  return EXIT.usage;
}

/** What to do about it with this command; the messages themselves speak to those who write programs, too. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  SERVER_UNREACHABLE:
    'Start one with "stepwell dev FILE", name another with --server, or open a store with --store.',
  WORKFLOW_UNKNOWN:
    'With this command: a file that was given to the server, or to --workflows, has to export it.',
  ARTIFACTS_NOT_CONFIGURED: 'With this command: --artifacts, for the server too if there is one.',
};

function explain(error: unknown, output: Output): void {
  if (error instanceof FoundSomething) return;
  if (isStepwellError(error)) {
    const advice = ADVICE[error.code];
    const message = advice === undefined ? error.message : `${error.message} ${advice}`;
    output.error(error.code, message, { data: error.data });
  } else {
    output.error('INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Beside the sources in the repository, beside the built files once it is published. */
function version(): string {
  const manifest = readFileSync(findPackageJSON(import.meta.url)!, 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
