import type { Command } from 'commander';
import { isFinal, type RunEvent, type RunInfo, type WaitReason } from 'stepwell';
import type { ServerApi } from '../api/server-api.ts';
import { formatDuration, formatTime } from '../terminal/duration.ts';
import { paintStatus } from '../terminal/status.ts';
import { clip } from '../terminal/table.ts';
import { errorText } from '../timeline/error-text.ts';
import { type OperationLine, operationsOf } from '../timeline/operations.ts';
import { timeline } from '../timeline/timeline.ts';
import { adviceFor, describeWait } from '../timeline/wait-reason.ts';
import { contextOf } from './context.ts';

export function addShowCommand(parent: Command): void {
  parent
    .command('show')
    .summary('show one run: its timeline, its result, why it is not moving')
    .argument('<run>', 'id of the run')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, output } = contextOf(command);
      const path = `/v1/runs/${encodeURIComponent(id)}`;
      const run = await api.get<RunInfo>(path);
      const operations = operationsOf(await history(api, path));
      output.result({ run, operations }, () => describe(run, operations, Date.now(), output.width));
    });
}

async function history(api: ServerApi, path: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: { events: RunEvent[]; next?: number } = await api.get(`${path}/history?from=${from}`);
    events.push(...page.events);
    from = page.next;
  }
  return events;
}

function describe(run: RunInfo, operations: readonly OperationLine[], now: number, width: number): string[] {
  const { id, workflow, version, status, statusText, input, output, error, continuedBy } = run;
  const end = run.endedAt ?? now;
  const title = [id, `${workflow}@${version}`, paintStatus(status)];
  if (statusText !== undefined && !isFinal(status)) title.push(clip(statusText, width));
  const age = `${run.endedAt === undefined ? 'for' : 'took'} ${formatDuration(end - run.createdAt)}`;
  const lines = [title.join('  '), `created ${formatTime(run.createdAt, now)}, ${age}, queue ${run.queue}`];
  if (input !== undefined) lines.push(`input   ${JSON.stringify(input)}`);
  if (operations.length > 0) {
    lines.push('', ...timeline(operations, run.startedAt ?? run.createdAt, end, width), '');
  }
  lines.push(...run.waitingFor.flatMap((reason) => explainWait(reason, id, now)));
  if (output !== undefined) lines.push(`output  ${JSON.stringify(output)}`);
  if (error !== undefined) lines.push(`error   ${errorText(error)}`);
  if (continuedBy !== undefined) lines.push(`goes on as ${continuedBy}`);
  return lines;
}

/** Why it is not moving, and the command that would move it. */
function explainWait(reason: WaitReason, run: string, now: number): string[] {
  const advice = adviceFor(reason, run);
  const line = `waits for ${describeWait(reason, now)}`;
  return advice === undefined ? [line] : [line, `          ${advice}`];
}
