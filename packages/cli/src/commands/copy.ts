import type { Command } from 'commander';
import { Stepwell, StepwellError } from 'stepwell';
import { copyStore } from '../copy/copy.ts';
import { Output } from '../terminal/output.ts';

export function addCopyCommand(parent: Command): void {
  parent
    .command('copy')
    .summary('move everything to another store')
    .description(
      'Copies all runs with their journals, in flight or ended, the queues’ settings and the schedules into an empty store, and verifies every journal. Stopped half way, it goes on when it is called again. No engine may be on either store. Afterwards start the workers on the target, and never again on the source: both would go on with the same runs.',
    )
    .requiredOption('--from <store>', 'where the runs are, e.g. sqlite:runs.db')
    .requiredOption('--to <store>', 'where they are to go, e.g. postgres://user@host/database')
    .action(async ({ from, to }: { from: string; to: string }, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      for (const store of [from, to]) {
        if (store === 'memory:')
          throw new StepwellError(
            'COMMAND_INVALID',
            'A store in memory ends with its process: there is nothing to copy.',
          );
      }
      await using source = await Stepwell.open({ store: from, worker: false });
      await using target = await Stepwell.open({ store: to, worker: false });
      const report = await copyStore(source.parts.store, target.parts.store, Date.now(), (runs) => {
        if (runs % 10_000 === 0) output.note(`${runs} runs`);
      });
      const { runs, commits, queues, schedules, checksum } = report;
      output.result(report, () => [
        `${runs} runs with ${commits} commits, the settings of ${queues} queues and ${schedules} schedules are copied and verified`,
        `checksum of all journals: ${checksum}`,
      ]);
    });
}
