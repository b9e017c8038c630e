import type { Command } from 'commander';
import { contextOf } from './context.ts';

export function addCancelCommand(parent: Command): void {
  parent
    .command('cancel')
    .summary('cancel a run')
    .description(
      'Cancels a run: its undo handlers and cleanup run. A second cancel, or --force, ends it at once.',
    )
    .argument('<run>', 'id of the run')
    .option('--force', 'end it at once, without undo handlers and cleanup')
    .option('--reason <text>', 'why, for the journal')
    .action(async (run: string, options: { force?: true; reason?: string }, command: Command) => {
      const { api, output } = contextOf(command);
      await api.post(`/v1/runs/${encodeURIComponent(run)}/cancel`, options);
      output.result({ run, ...options }, () => [`cancelling ${run}`]);
    });
}
