import type { Command } from 'commander';
import { addControl } from './bulk.ts';

export function addRetryCommand(parent: Command): void {
  const command = parent
    .command('retry')
    .summary('retry runs that failed, by id or by filter')
    .description(
      'Reopens runs that failed, timed out or were cancelled: what failed is done again, what succeeded is not. With filters: all that match and have failed or timed out; those that were cancelled with --status cancelled.',
    );
  addControl(command, {
    doing: 'retrying',
    statuses: ['failed', 'timed_out'],
    also: ['cancelled'],
    one: ({ well }, run) => well.retry(run),
    all: ({ well }, filter) => well.retryAll(filter),
    told: () => ({}),
  });
}
