import type { Command } from 'commander';
import { isFinal, type RunInfo, type RunList } from 'stepwell';
import { formatDuration, formatTime } from '../terminal/duration.ts';
import { paintStatus } from '../terminal/status.ts';
import { table } from '../terminal/table.ts';
import { errorText } from '../timeline/error-text.ts';
import { describeWait } from '../timeline/wait-reason.ts';
import { contextOf } from './context.ts';

export function addListCommand(parent: Command): void {
  // The options are named as the parameters of the HTTP API, and go there as they are.
  parent
    .command('list')
    .summary('list runs, newest first')
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--status <status>', 'only runs with this status; several with commas between them')
    .option('--queue <name>', 'only runs of this queue')
    .option('--parent <run>', 'only runs that this run started')
    .option('--limit <n>', 'how many: 1 to 1000, default 50')
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(async (filters: Record<string, string>, command: Command) => {
      const { api, output } = contextOf(command);
      const page = await api.get<RunList>(`/v1/runs?${new URLSearchParams(filters).toString()}`);
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
