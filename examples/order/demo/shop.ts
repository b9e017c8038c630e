import type { RunEvent } from 'stepwell';
import type { Finding } from './findings.ts';

/** Where the order is executed, and what of it the demo kills. */
export interface Shop {
  /** Of its HTTP API; if that is being started again, once it listens. */
  url(): Promise<string>;
  killWhileWaiting(): Promise<void>;
  /** @param worker id of the worker that has the order */
  killWhilePaying(worker: string): Promise<void>;
  /** Whether the blows fell, and what they led to. */
  findings(events: readonly RunEvent[]): Finding[];
  /** Ends what still runs, and deletes what no finding needs any more. */
  close(): Promise<void>;
}
