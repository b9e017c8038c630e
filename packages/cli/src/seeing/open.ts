import type { SchedulesOptions } from '@stepwell/schedules';
import { Logs, openSeeing, type Seeing } from '@stepwell/server';
import type { OpenOptions } from 'stepwell';
import type { SeeingSettings } from './options.ts';
import { collectorIsKnown, openOtlp } from './otlp.ts';
import { textOfLine } from './text-lines.ts';

/** What a process of this command shows of itself. */
export interface OpenedSeeing {
  readonly seeing: Seeing;
  /** For `Stepwell.open`. */
  readonly wellOptions: Required<Pick<OpenOptions, 'instruments' | 'onError'>>;
  /** For `Schedules.open`. */
  readonly schedulesOptions: Required<SchedulesOptions>;
  /** After engine and server: sends what waits to be sent. */
  close(): Promise<void>;
}

/** @throws StepwellError `OPTION_INVALID` */
export async function openSeeingOf(settings: SeeingSettings): Promise<OpenedSeeing> {
  const { log, logLevel, logRuns, otlp } = settings;
  const text = { write: (line: string) => void process.stderr.write(textOfLine(line)) };
  const logs = new Logs({ level: logLevel, runs: logRuns, ...(log === 'text' && { to: text }) });
  const traced = otlp !== undefined || collectorIsKnown(process.env) ? await openOtlp(otlp, logs) : null;
  const seeing = openSeeing({ logs, ...(traced !== null && { traces: traced.traces }) });
  const { instruments, onError } = seeing;
  return {
    seeing,
    wellOptions: { instruments, onError },
    schedulesOptions: {
      onError: (error) => seeing.errorLog('A schedule could not be carried on; it is tried again.', error),
    },
    close: async () => {
      // A collector that is away must not keep the command from ending well.
      await traced?.close().catch((error: unknown) => seeing.errorLog('Traces could not be sent.', error));
    },
  };
}
