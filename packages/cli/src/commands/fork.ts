import type { Command } from 'commander';
import { openTarget, targetOption } from '../target/target.ts';
import { parseJsonArgument } from './json-argument.ts';
import { showStarted } from './started.ts';

interface GivenOptions {
  from: string;
  result?: string;
  id?: string;
}

export function addForkCommand(parent: Command): void {
  parent
    .command('fork')
    .summary('start a new run with the past of another')
    .description(
      'Starts a new run that has, up to an operation, the same past as another one, and lives on from there anew. stepwell show lists the operations.',
    )
    .argument('<run>', 'id of the run')
    .requiredOption('--from <operation>', 'the operation from which on it is lived anew')
    .option('--result <json>', 'the result of that operation, which is then not done again')
    .option('--id <id>', 'id of the new run; default: a new one')
    .addOption(targetOption())
    .action(async (run: string, { from, result, id }: GivenOptions, command: Command) => {
      const value = await parseJsonArgument(result, 'result');
      await using target = await openTarget(command);
      const options = {
        from,
        ...(value !== undefined && { result: value }),
        ...(id !== undefined && { id }),
      };
      showStarted(await target.well.fork(run, options), target);
    });
}
