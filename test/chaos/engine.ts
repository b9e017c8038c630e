// An engine on a store, which others talk to over HTTP and which may be killed at any time. Prints `{ port }` once it is
// ready, and what it was refused (EngineSays). Arguments: the store's address, the ledger's port, the number of this
// life, the lease of its worker in milliseconds.

import { setTimeout as wait } from 'node:timers/promises';
import { ACTIVE_STATUSES, isStepwellError, Stepwell } from '../../packages/stepwell/src/index.ts';
import type { EngineSays } from './engine-host.ts';
import { LedgerClient } from './ledger-client.ts';
import { openAt } from './store.ts';
import { listen, type Answer } from './wire.ts';
import { workflowsOn } from './workflows.ts';

const OPEN_AGAIN_MS = 100;
/** So long that no start finds room in the pages that there are. */
const REMARK = 'remark '.repeat(1_000);
const [, , address = '', ledgerPort = '', life = '', lease = ''] = process.argv;

const workflows = workflowsOn(new LedgerClient(Number(ledgerPort), Number(life)));
const say = (line: object) => console.log(JSON.stringify(line));

/** As whoever looks after a service would: again, until there is room. */
async function open(): Promise<Stepwell> {
  for (;;) {
    try {
      return await Stepwell.open({
        store: openAt(address),
        workflows,
        // Few are kept in memory, so that runs are replayed also without a crash; stops are longer than the lease.
        worker: { parked: 10, lease: Number(lease) },
        onError: (error) => sayRefused('worker', error),
      });
    } catch (error) {
      sayRefused('open', error);
      await wait(OPEN_AGAIN_MS);
    }
  }
}

function sayRefused(refused: EngineSays['refused'], error: unknown): void {
  say({ refused, code: codeOf(error), message: String(error) } satisfies EngineSays);
}

const codeOf = (error: unknown) => (isStepwellError(error) ? error.code : null);
const well = await open();

interface Request {
  readonly id: string;
  readonly workflow: string;
  readonly n: number;
  readonly value: string;
}

const services: Record<string, (request: Request) => Promise<unknown>> = {
  '/start': async ({ id, workflow, n }) =>
    (await well.start(workflow, { n, remark: REMARK }, { id })).created,
  '/raise': ({ id, value }) => well.raiseEvent(id, 'paid', value, { id: 'paid' }),
  '/succeed': ({ id, value }) => well.callbacks.succeed(id, value),
  '/fail': ({ id, value }) => well.callbacks.fail(id, { message: value }),
  '/cancel': ({ id }) => well.cancel(id),
  '/retry': ({ id }) => well.retry(id),
  '/result': ({ id }) => well.result(id),
  '/read': async ({ id }) => {
    const { workflow, status } = await well.get(id);
    const positions: number[] = [];
    for await (const { position } of well.events(id, { follow: false })) positions.push(position);
    return { workflow, status, positions };
  },
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
    return { status: 409, body: { code: codeOf(error), message } };
  }
});
say({ port });
