import type { Command } from 'commander';
import type { PauseOptions } from 'stepwell';
import { openTarget, targetOption } from '../target/target.ts';

export function addPauseCommand(parent: Command): void {
  parent
    .command('pause')
    .summary('pause runs')
    .description('Pauses runs: bodies that run may end, nothing new begins until they are resumed.')
    .argument('<run...>', 'ids of the runs')
    .option('--reason <text>', 'why, for whoever looks')
    .option('--by <name>', 'who, for whoever looks')
    .addOption(targetOption())
    .action(async (runs: string[], given: PauseOptions, command: Command) => {
      await using target = await openTarget(command);
      for (const run of runs) {
        await target.well.pause(run, given);
        target.output.result({ run, ...given }, () => [`pausing ${run}`]);
      }
    });
}

export function addResumeCommand(parent: Command): void {
  parent
    .command('resume')
    .summary('let paused runs go on')
    .argument('<run...>', 'ids of the runs')
    .addOption(targetOption())
    .action(async (runs: string[], _options: object, command: Command) => {
      await using target = await openTarget(command);
      for (const run of runs) {
        await target.well.resume(run);
        target.output.result({ run }, () => [`resuming ${run}`]);
      }
    });
}
