import type { Backend } from '../backend.ts';
import type { Workload } from '../measurement.ts';
import { fanout } from './fanout.ts';
import { jobs } from './jobs.ts';
import { http } from './http.ts';
import { long } from './long.ts';
import { recovery } from './recovery.ts';
import { sequential } from './sequential.ts';
import { start } from './start.ts';
import { streams } from './streams.ts';
import { throughput } from './throughput.ts';
import { waiting } from './waiting.ts';
import { wake } from './wake.ts';
import { wakeAcross } from './wake-across.ts';
import { workers } from './workers.ts';

/** In the order in which they are measured. */
export const workloads: Readonly<Record<string, Workload>> = {
  sequential,
  throughput,
  fanout,
  start,
  wake,
  jobs,
  workers,
  'wake-across': wakeAcross,
  recovery,
  http,
  streams,
  long,
  waiting,
};

/** One engine has an SQLite file: nothing is to be measured there across processes. */
const acrossProcesses = ['workers', 'wake-across', 'recovery'];

export function workloadsOf(kind: Backend['kind']): string[] {
  return Object.keys(workloads).filter((name) => kind === 'postgres' || !acrossProcesses.includes(name));
}
