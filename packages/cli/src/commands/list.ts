import type { Command } from 'commander';
import { isFinal, type RunInfo, type RunList } from 'stepwell';
import { formatDuration, formatTime } from '../terminal/duration.ts';
import { paintStatus } from '../terminal/status.ts';
import { table } from '../terminal/table.ts';
import { errorText } from '../timeline/error-text.ts';
import { describeWait } from '../timeline/wait-reason.ts';
import { openTarget, targetOption } from '../target/target.ts';
import { wholeNumber } from './argument.ts';
import { addFilterOptions, type FilterOptions, filterOf } from './run-filter.ts';

type GivenOptions = FilterOptions & { limit: string; cursor?: string };

export function addListCommand(parent: Command): void {
  addFilterOptions(parent.command('list').summary('list runs, newest first'))
    .option('--limit <n>', 'how many: 1 to 1000', '50')
    .option('--cursor <cursor>', 'go on where the page before ended')
    .addOption(targetOption())
    .action(async ({ limit, cursor, ...options }: GivenOptions, command: Command) => {
      const wanted = {
        ...filterOf(options, Date.now()),
        limit: wholeNumber(limit, 'limit', 1, 1_000),
        ...(cursor !== undefined && { cursor }),
      };
      await using target = await openTarget(command);
      const { output } = target;
      const page = await target.well.list(wanted);
      output.result(page, () => describePage(page, Date.now(), output.width));
    });
}

function describePage({ runs, cursor }: RunList, now: number, width: number): string[] {
  if (runs.length === 0) return ['No runs.'];
  const rows = runs.map((run) => [
    run.id,
    `${run.workflow}@${run.version}`,
    paintStatus(run.status),
    formatTime(run.createdAt, now),
    run.startedAt === undefined ? '' : formatDuration((run.endedAt ?? now) - run.startedAt),
    remark(run, now),
  ]);
  const lines = table(['RUN', 'WORKFLOW', 'STATUS', 'CREATED', 'TOOK', ''], rows, width);
  return cursor === undefined ? lines : [...lines, `There are more: --cursor ${cursor}`];
}

function remark(run: RunInfo, now: number): string {
  if (run.error !== undefined) return errorText(run.error);
  const [reason] = run.waitingFor;
  if (reason !== undefined) return `waits for ${describeWait(reason, now)}`;
  return isFinal(run.status) ? '' : (run.statusText ?? '');
}
