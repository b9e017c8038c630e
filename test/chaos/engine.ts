// An engine on a file, which others talk to over HTTP and which may be killed at any time. Prints `{ port }` once it is
// ready. Arguments: the file, the ledger's port, and the number of this life.

import { ACTIVE_STATUSES, isStepwellError, Stepwell } from '../../packages/stepwell/src/index.ts';
import { LedgerClient } from './ledger-client.ts';
import { listen, type Answer } from './wire.ts';
import { workflowsOn } from './workflows.ts';

const [, , path = '', ledgerPort = '', life = ''] = process.argv;

const well = await Stepwell.open({
  store: `sqlite:${path}`,
  workflows: workflowsOn(new LedgerClient(Number(ledgerPort), Number(life))),
  // Few are kept in memory, so that runs are replayed also without a crash; stops are longer than the lease.
  worker: { parked: 10, lease: 300 },
});

interface Request {
  readonly id: string;
  readonly workflow: string;
  readonly n: number;
  readonly value: string;
}

const services: Record<string, (request: Request) => Promise<unknown>> = {
  '/start': async ({ id, workflow, n }) => (await well.start(workflow, { n }, { id })).created,
  '/raise': ({ id, value }) => well.raiseEvent(id, 'paid', value, { id: 'paid' }),
  '/succeed': ({ id, value }) => well.callbacks.succeed(id, value),
  '/fail': ({ id, value }) => well.callbacks.fail(id, { message: value }),
  '/result': ({ id }) => well.result(id),
  '/pending': async () => {
    const { runs } = await well.list({ status: ACTIVE_STATUSES, limit: 1_000 });
    return runs.map((run) => ({ id: run.id, status: run.status, waitingFor: run.waitingFor }));
  },
};

const port = await listen(async (path, body): Promise<Answer> => {
  try {
    return { status: 200, body: await services[path]!(body as Request) };
  } catch (error) {
    const { message } = error as Error;
    return { status: 409, body: { code: isStepwellError(error) ? error.code : null, message } };
  }
});
console.log(JSON.stringify({ port }));
