import { Schedules } from '@stepwell/schedules';
import { serve } from '@stepwell/server';
import { Stepwell } from 'stepwell';
import { parsePort } from '../commands/argument.ts';
import type { ServerOptions } from '../commands/server.ts';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { openSeeingOf } from '../seeing/open.ts';
import { seeingSettings } from '../seeing/options.ts';
import type { Output } from '../terminal/output.ts';
import type { Service } from './run-service.ts';

/** @throws StepwellError `STORE_…`, `LISTEN_REFUSED`, `WORKFLOW_FILE_INVALID`, `COMMAND_INVALID` */
export async function openServer(
  files: readonly string[],
  options: ServerOptions,
  output: Output,
): Promise<Service> {
  const { store, host, insecure = false } = options;
  const port = parsePort(options.port);
  const workflows = await loadWorkflows(files);
  const seen = await openSeeingOf(seeingSettings(options));
  const { seeing } = seen;
  const { artifacts } = options;
  const place = artifacts === undefined ? {} : { artifacts };
  const well = await Stepwell.open({ store, workflows, worker: false, ...place, ...seen.wellOptions });
  try {
    const schedules = await Schedules.open(well, seen.schedulesOptions);
    const spread = options.fanout === undefined ? {} : { fanout: options.fanout };
    const given = { host, port, insecure, schedules, seeing, log: seeing.errorLog, ...spread };
    const server = await serve(well, given).catch(async (error: unknown) => {
      await schedules.close();
      throw error;
    });
    const kinds = workflows.map(({ name, version }) => `${name}@${version}`);
    output.result({ type: 'listening', url: server.url, workflows: kinds }, () => [
      `${server.url}  ${kinds.join(', ')}`,
    ]);
    return {
      close: async () => {
        await server.close();
        await schedules.close();
        await well.close();
        await seen.close();
      },
    };
  } catch (error) {
    await well.close();
    throw error;
  }
}
