import type { Command } from 'commander';
import { type RunFilter, type RunStatus, StepwellError } from 'stepwell';
import { openTarget, targetOption } from '../target/target.ts';
import type { Target } from '../target/target.ts';
import { counted } from '../terminal/counted.ts';
import { addFilterOptions, type FilterOptions, filterOf } from './run-filter.ts';
import { statusesOf } from './statuses.ts';

/** What a command does to runs: to those that are named, or to all that match. */
export interface Control<Options> {
  /** How it is said that it is done: `cancelling`. */
  readonly doing: string;
  /** The statuses that it is for, where the filter names none. */
  readonly statuses: readonly RunStatus[];
  /** The others that the filter may name. */
  readonly also?: readonly RunStatus[];
  readonly one: (target: Target, run: string, options: Options) => Promise<void>;
  /** The answer is how many. */
  readonly all: (target: Target, filter: RunFilter, options: Options) => Promise<number>;
  /** What the JSON tells of the options. */
  readonly told: (options: Options) => object;
}

type GivenOptions = FilterOptions & { all?: true; dryRun?: true };

/** Gives a command its runs: as arguments, or as a filter with a dry run. */
export function addControl<Options extends object>(command: Command, control: Control<Options>): Command {
  command.argument('[run...]', 'ids of the runs; none: those that the filters name');
  return addFilterOptions(command)
    .option('--all', 'all runs, without a filter')
    .option('--dry-run', 'only count the runs that the filters name')
    .addOption(targetOption())
    .action(async (runs: string[], options: Options & GivenOptions, command: Command) => {
      const filter = filterOf(options, Date.now());
      demandOne(runs, options, filter);
      demandStatuses(options.status, control);
      await using target = await openTarget(command);
      if (runs.length === 0) return await controlAll(target, filter, options, control);
      for (const run of runs) {
        await control.one(target, run, options);
        target.output.result({ run, ...control.told(options) }, () => [`${control.doing} ${run}`]);
      }
    });
}

async function controlAll<Options>(
  target: Target,
  filter: RunFilter,
  options: Options & GivenOptions,
  { doing, statuses, all, told }: Control<Options>,
): Promise<void> {
  if (options.dryRun !== true) {
    const count = await all(target, filter, options);
    return target.output.result({ count, ...told(options) }, () => [`${doing} ${counted(count, 'run')}`]);
  }
  const counts = await target.well.counts({ status: statuses, ...filter });
  const count = Object.values(counts).reduce((sum, n) => sum + n, 0);
  target.output.result({ count, counts, dryRun: true }, () => {
    const each = Object.entries(counts).map(([status, n]) => `${n} ${status.replace('_', ' ')}`);
    return [
      `${counted(count, 'run')}${count === 0 ? '' : ` (${each.join(', ')})`} would be reached; nothing was done`,
    ];
  });
}

/** @throws StepwellError `COMMAND_INVALID`: a forgotten argument must not reach everything */
function demandOne(runs: readonly string[], { all, dryRun }: GivenOptions, filter: RunFilter): void {
  const isFiltered = Object.keys(filter).length > 0;
  const named = [runs.length > 0, isFiltered, all === true].filter(Boolean).length;
  if (named === 0)
    throw new StepwellError(
      'COMMAND_INVALID',
      'Name the runs, or say which with filters such as --workflow, or --all.',
    );
  if (named > 1)
    throw new StepwellError('COMMAND_INVALID', 'Name runs, or give filters, or --all: one of the three.');
  if (dryRun === true && runs.length > 0)
    throw new StepwellError(
      'COMMAND_INVALID',
      '--dry-run counts the runs that filters name; here they are named one by one.',
    );
}

/** @throws StepwellError `COMMAND_INVALID`; a dry run would else count what is refused afterwards */
function demandStatuses<Options>(given: string | undefined, { statuses, also = [] }: Control<Options>): void {
  if (given === undefined) return;
  const allowed = [...statuses, ...also];
  const wrong = statusesOf(given).find((status) => !allowed.includes(status));
  if (wrong !== undefined)
    throw new StepwellError(
      'COMMAND_INVALID',
      `It is not for runs that are ${wrong.replace('_', ' ')}: --status may name ${allowed.join(', ')}.`,
    );
}
