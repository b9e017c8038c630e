import { styleText } from 'node:util';
import type { RunStatus } from 'stepwell';

const COLOURS: Readonly<Record<RunStatus, 'cyan' | 'green' | 'yellow' | 'red'>> = {
  queued: 'cyan',
  running: 'cyan',
  waiting: 'cyan',
  paused: 'yellow',
  stuck: 'red',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
  timed_out: 'red',
  continued: 'green',
};

export function paintStatus(status: RunStatus): string {
  return styleText(COLOURS[status], status.replace('_', ' '));
}
