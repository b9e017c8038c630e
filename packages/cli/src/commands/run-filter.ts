import type { Command } from 'commander';
import { milliseconds, type RunFilter, StepwellError } from 'stepwell';
import { statusesOf } from './statuses.ts';

/** The options by which commands name many runs. */
export interface FilterOptions {
  workflow?: string;
  workflowVersion?: string;
  status?: string;
  queue?: string;
  parent?: string;
  tag?: string;
  idContains?: string;
  createdFrom?: string;
  createdBefore?: string;
}

export function addFilterOptions(command: Command): Command {
  return command
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--workflow-version <version>', 'only runs of this version of their workflow')
    .option('--status <status>', 'only runs with this status; several with commas between them')
    .option('--queue <name>', 'only runs of this queue')
    .option('--parent <run>', 'only runs that this run started')
    .option('--tag <tag>', 'only runs with this tag')
    .option('--id-contains <text>', 'only runs whose id holds this text')
    .option(
      '--created-from <time>',
      'only runs created then or later: 2026-01-31T12:00:00Z, or how long ago: 7d',
    )
    .option('--created-before <time>', 'only runs created before then');
}

/** @throws StepwellError `COMMAND_INVALID` */
export function filterOf(options: FilterOptions, now: number): RunFilter {
  const { workflow, workflowVersion, status, queue, parent, tag, idContains } = options;
  const { createdFrom, createdBefore } = options;
  return {
    ...(workflow !== undefined && { workflow }),
    ...(workflowVersion !== undefined && { version: workflowVersion }),
    ...(status !== undefined && { status: statusesOf(status) }),
    ...(queue !== undefined && { queue }),
    ...(parent !== undefined && { parent }),
    ...(tag !== undefined && { tag }),
    ...(idContains !== undefined && { idContains }),
    ...(createdFrom !== undefined && { createdFrom: timeOf(createdFrom, now) }),
    ...(createdBefore !== undefined && { createdBefore: timeOf(createdBefore, now) }),
  };
}

/** A time, or how long ago it was, as milliseconds since 1970. @throws StepwellError `COMMAND_INVALID` */
export function timeOf(text: string, now: number): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : now - agoOf(text);
  if (Number.isFinite(time)) return time;
  throw new StepwellError(
    'COMMAND_INVALID',
    `The time "${text}" is not one such as 2026-01-31T12:00:00Z, nor how long ago, such as 7d.`,
  );
}

function agoOf(text: string): number {
  try {
    return milliseconds(text);
  } catch {
    return Number.NaN;
  }
}
