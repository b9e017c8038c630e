import type { Workload } from '../measurement.ts';
import { fanout } from './fanout.ts';
import { long } from './long.ts';
import { sequential } from './sequential.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';
import { waiting } from './waiting.ts';
import { wake } from './wake.ts';

/** In the order in which they are measured. */
export const workloads: Readonly<Record<string, Workload>> = {
  sequential,
  throughput,
  fanout,
  start,
  wake,
  long,
  waiting,
};
