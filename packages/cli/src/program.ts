import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { isStepwellError } from 'stepwell';
import { ServerRefusal } from './api/server-refusal.ts';
import { addCallbackCommand } from './commands/callback.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addCopyCommand } from './commands/copy.ts';
import { addDevCommand } from './commands/dev.ts';
import { addEventsCommand } from './commands/events.ts';
import { addListCommand } from './commands/list.ts';
import { addQueueCommand } from './commands/queue.ts';
import { addRaiseCommand } from './commands/raise.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addRunCommand } from './commands/run.ts';
import { addServerCommand } from './commands/server.ts';
import { addShowCommand } from './commands/show.ts';
import { addWorkerCommand } from './commands/worker.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { Output } from './terminal/output.ts';

/** Executes a command line, given without node and script. Errors are printed; the answer is the exit code. */
export async function execute(args: readonly string[]): Promise<number> {
  const output = new Output(args.includes('--json'));
  try {
    await program().parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return explainUsage(error, output);
    explain(error, output);
    return exitCodeOf(error);
  }
}

function program(): Command {
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
  addEventsCommand(program);
  addRaiseCommand(program);
  addCallbackCommand(program);
  addCancelCommand(program);
  addRetryCommand(program);
  addQueueCommand(program);
  addCopyCommand(program);
  return program;
}

function explainUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return EXIT.ok;
  // `stepwell` alone prints its help, which says more than an error could.
  if (error.code !== 'commander.help') {
    output.error('COMMAND_INVALID', `${error.message.replace(/^error: /, '')}. See stepwell --help.`);
  }
  return EXIT.usage;
}

function explain(error: unknown, output: Output): void {
  if (error instanceof ServerRefusal) {
    const { code, message, status, data } = error;
    output.error(code, message, { status, data });
  } else if (isStepwellError(error)) {
    output.error(error.code, error.message);
  } else {
    output.error('INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Beside the sources in the repository, beside the built files once it is published. */
function version(): string {
  const manifest = readFileSync(findPackageJSON(import.meta.url)!, 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
