import type { Command } from 'commander';
import { isFinal, type RunEvent, type RunInfo, type WaitReason } from 'stepwell';
import { openTarget, targetOption } from '../target/target.ts';
import type { Well } from '../target/well.ts';
import { formatDuration, formatTime } from '../terminal/duration.ts';
import { paintStatus } from '../terminal/status.ts';
import { clip } from '../terminal/table.ts';
import { errorText } from '../timeline/error-text.ts';
import { type OperationLine, operationsOf } from '../timeline/operations.ts';
import { timeline } from '../timeline/timeline.ts';
import { adviceFor, describeWait } from '../timeline/wait-reason.ts';

export function addShowCommand(parent: Command): void {
  parent
    .command('show')
    .summary('show one run: its timeline, its result, why it is not moving')
    .argument('<run>', 'id of the run')
    .addOption(targetOption())
    .action(async (id: string, _options: object, command: Command) => {
      await using target = await openTarget(command);
      const { well, output } = target;
      const run = await well.get(id);
      const operations = operationsOf(await history(well, id));
      const url = target.url(id);
      output.result({ run, operations, url }, () => {
        const lines = describeRun(run, operations, Date.now(), output.width);
        return url === undefined ? lines : [...lines, `url     ${url}`];
      });
    });
}

async function history(well: Well, id: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of well.events(id, { follow: false })) events.push(event);
  return events;
}

/** A run for people: what it is, its operations in time, and what came of it or what it waits for. */
export function describeRun(
  run: RunInfo,
  operations: readonly OperationLine[],
  now: number,
  width: number,
): string[] {
  const { id, workflow, version, status, statusText, input, output, error, continuedBy } = run;
  const end = run.endedAt ?? now;
  const title = [id, `${workflow}@${version}`, paintStatus(status)];
  if (statusText !== undefined && !isFinal(status)) title.push(clip(statusText, width));
  const age = `${run.endedAt === undefined ? 'for' : 'took'} ${formatDuration(end - run.createdAt)}`;
  const lines = [title.join('  '), `created ${formatTime(run.createdAt, now)}, ${age}, queue ${run.queue}`];
  if (run.tags.length > 0) lines.push(`tags    ${run.tags.join(', ')}`);
  if (input !== undefined) lines.push(`input   ${JSON.stringify(input)}`);
  if (operations.length > 0) {
    lines.push('', ...timeline(operations, run.startedAt ?? run.createdAt, end, width), '');
  }
  lines.push(...run.waitingFor.flatMap((reason) => explainWait(reason, run, now)));
  if (output !== undefined) lines.push(`output  ${JSON.stringify(output)}`);
  if (error !== undefined) lines.push(`error   ${errorText(error)}`);
  if (continuedBy !== undefined) lines.push(`goes on as ${continuedBy}`);
  return lines;
}

/** Why it is not moving, and the command that would move it. */
function explainWait(reason: WaitReason, run: RunInfo, now: number): string[] {
  const advice = adviceFor(reason, run);
  const { detail, ...bare } = reason;
  // Of a run that is stuck the same is said below, as its error.
  const told = detail === run.error?.message ? bare : reason;
  const line = `waits for ${describeWait(told, now)}`;
  return advice === undefined ? [line] : [line, `          ${advice}`];
}
