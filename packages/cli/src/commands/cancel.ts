import type { Command } from 'commander';
import { ACTIVE_STATUSES, StepwellError } from 'stepwell';
import { addControl } from './bulk.ts';

interface CancelOptions {
  force?: true;
  reason?: string;
}

export function addCancelCommand(parent: Command): void {
  const command = parent
    .command('cancel')
    .summary('cancel runs, by id or by filter')
    .description(
      'Cancels runs: their undo handlers and cleanup run. A second cancel, or --force, ends a run at once. With filters: all that match and have not ended.',
    )
    .option('--force', 'end it at once, without undo handlers and cleanup; not with filters')
    .option('--reason <text>', 'why, for the journal');
  addControl<CancelOptions>(command, {
    doing: 'cancelling',
    statuses: ACTIVE_STATUSES,
    one: ({ well }, run, options) => well.cancel(run, told(options)),
    all: ({ well }, filter, options) => {
      if (options.force === true)
        throw new StepwellError('COMMAND_INVALID', 'Only runs that are named can be ended with --force.');
      return well.cancelAll(filter, told(options));
    },
    told,
  });
}

function told({ force, reason }: CancelOptions): CancelOptions {
  return { ...(force !== undefined && { force }), ...(reason !== undefined && { reason }) };
}
