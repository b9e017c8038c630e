// The process in which `stepwell dev` runs workflow files: it loads them, opens engine and server when it is told to,
// and drains when it is told to stop. dev/supervisor.ts starts it, and a new one whenever the files change.

import { Schedules } from '@stepwell/schedules';
import { serve } from '@stepwell/server';
import { type AnyDefinition, isStepwellError, Stepwell } from 'stepwell';
import { openSeeingOf } from '../seeing/open.ts';
import { loadWorkflows, noteLoadedFiles } from './load-workflows.ts';
import type { EngineSettings, Order, Report, ReportedError } from './messages.ts';

const settings = JSON.parse(process.argv[2]!) as EngineSettings;
let opening: ReturnType<typeof openServer> | null = null;

// Ctrl-C in a terminal reaches this process too; what it means is for the supervisor to say.
process.on('SIGINT', () => {});
// A promise that one workflow lets drop must not take the other runs with it, nor come back to do so after every restart.
process.on('unhandledRejection', (error) =>
  console.error('A promise that nobody waits for has failed:', error),
);
// The supervisor has gone, in whatever way: nobody else would stop this process.
process.on('disconnect', () => void stop());

const loadedFiles = noteLoadedFiles(settings.files);
const workflows = await loadWorkflows(settings.files).catch(async (error: unknown) => {
  await report({ type: 'invalid', error: reportable(error), files: loadedFiles() });
  process.exit(0);
});
process.on('message', (order: Order) => void (order.type === 'open' ? open(workflows) : stop()));
const names = workflows.map(({ name, version }) => `${name}@${version}`);
await report({ type: 'loaded', workflows: names, files: loadedFiles() });

async function open(workflows: readonly AnyDefinition[]): Promise<void> {
  try {
    opening = openServer(workflows);
    const { url } = await opening;
    await report({ type: 'listening', url });
  } catch (error) {
    await report({ type: 'failed', error: reportable(error) });
    process.exit(0);
  }
}

async function openServer(workflows: readonly AnyDefinition[]) {
  const { store, artifacts, host, port, insecure } = settings;
  const seen = await openSeeingOf(settings.seeing);
  const { seeing } = seen;
  const place = artifacts === undefined ? {} : { artifacts };
  const well = await Stepwell.open({ store, workflows, ...place, ...seen.wellOptions });
  try {
    const schedules = await Schedules.open(well, seen.schedulesOptions);
    const server = await serve(well, { host, port, insecure, schedules, seeing, log: seeing.errorLog });
    const close = async () => {
      // Nobody is let in any more and nothing is started, then what is under way may end.
      await server.close();
      await schedules.close();
      await well.close();
      await seen.close();
    };
    return { url: server.url, close };
  } catch (error) {
    await well.close();
    throw error;
  }
}

async function stop(): Promise<void> {
  const opened = await opening;
  await opened?.close();
  // What the workflow files themselves keep open (a timer, a connection) would hold the process.
  process.exit(0);
}

function report(message: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

function reportable(error: unknown): ReportedError {
  if (isStepwellError(error)) return { code: error.code, message: error.message };
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
