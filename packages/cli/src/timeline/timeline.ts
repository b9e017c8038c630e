import { styleText } from 'node:util';
import { formatDuration, formatTime } from '../terminal/duration.ts';
import { clip, table } from '../terminal/table.ts';
import { errorText } from './error-text.ts';
import type { OperationLine } from './operations.ts';

const BAR_WIDTH = 24;
/** Eighths of a cell, so that a short operation is still seen where it was. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

const MARKS: Readonly<Record<OperationLine['status'], string>> = {
  succeeded: styleText('green', '✓'),
  failed: styleText('red', '✗'),
  cancelled: styleText('yellow', '⊘'),
  running: styleText('cyan', '●'),
  waiting: styleText('cyan', '◌'),
  retrying: styleText('yellow', '↻'),
};

/** The operations as aligned lines: where each lies in the run's time, and what came of it. */
export function timeline(
  operations: readonly OperationLine[],
  from: number,
  to: number,
  width: number,
): string[] {
  const rows = operations.map((operation) => [
    `${MARKS[operation.status]} ${indentedName(operation.op)}`,
    `+${formatDuration(operation.startedAt - from)}`,
    formatDuration((operation.endedAt ?? to) - operation.startedAt),
    operation.attempts === undefined ? '' : String(operation.attempts),
    bar(operation.startedAt - from, (operation.endedAt ?? to) - from, to - from),
    outcome(operation, to),
  ]);
  return table(['  OPERATION', 'START', 'TOOK', 'TRIES', 'WHEN'.padEnd(BAR_WIDTH), 'OUTCOME'], rows, width);
}

function indentedName(op: string): string {
  const path = op.split('/');
  return '  '.repeat(path.length - 1) + clip(path.at(-1)!, 40);
}

function bar(start: number, end: number, whole: number): string {
  const [first, last] = whole > 0 ? [(start * BAR_WIDTH) / whole, (end * BAR_WIDTH) / whole] : [0, 0];
  const before = Math.min(Math.floor(first), BAR_WIDTH - 1);
  const eighths = Math.max(Math.round((last - Math.floor(first)) * 8), 1);
  return ' '.repeat(before) + '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

function outcome(operation: OperationLine, now: number): string {
  switch (operation.status) {
    case 'succeeded':
      return operation.value === undefined ? '' : JSON.stringify(operation.value);
    case 'failed':
      return describeError(operation);
    case 'retrying':
      return `${describeError(operation)} – again at ${formatTime(operation.until!, now)}`;
    case 'waiting': {
      const what = operation.waitsFor === undefined ? '' : ` for ${operation.waitsFor}`;
      const until = operation.until === undefined ? '' : ` until ${formatTime(operation.until, now)}`;
      return `waiting${what}${until}`;
    }
    default:
      return operation.status;
  }
}

function describeError({ error }: OperationLine): string {
  return error === undefined ? '' : errorText(error);
}
