import type { Command } from 'commander';
import { contextOf } from './context.ts';

export function addRetryCommand(parent: Command): void {
  parent
    .command('retry')
    .summary('retry a run that failed')
    .description(
      'Reopens a run that failed, timed out or was cancelled: what failed is done again, what succeeded is not.',
    )
    .argument('<run>', 'id of the run')
    .action(async (run: string, _options: object, command: Command) => {
      const { api, output } = contextOf(command);
      await api.post(`/v1/runs/${encodeURIComponent(run)}/retry`);
      output.result({ run }, () => [`retrying ${run}`]);
    });
}
