import type { Command } from 'commander';
import { FINAL_STATUSES } from 'stepwell';
import { addControl } from './bulk.ts';

export function addPurgeCommand(parent: Command): void {
  const command = parent
    .command('purge')
    .summary('delete runs that have ended, by id or by filter')
    .description(
      'Deletes runs that have ended, with their journals and artifacts: nothing of them is left. With filters: all that match and have ended, e.g. --created-before 30d.',
    );
  addControl(command, {
    doing: 'purged',
    statuses: FINAL_STATUSES,
    one: ({ well }, run) => well.purge(run),
    all: ({ well }, filter) => well.purgeAll(filter),
    told: () => ({}),
  });
}
