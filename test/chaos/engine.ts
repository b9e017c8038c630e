// An engine on a store, which others talk to over HTTP and which may be killed at any time. Prints `{ port }` once it is
// ready, and what it has to say (EngineSays). SIGTERM: it leaves in good order. Arguments: the store's address, the
// ledger's port, the number of this life, the lease of its worker in milliseconds (`none`: no worker), how far its
// clock is off in milliseconds.

import { flushCompileCache } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { ACTIVE_STATUSES, isStepwellError, Stepwell } from '../../packages/stepwell/src/index.ts';
import type { EngineSays } from './engine-host.ts';
import { openEngineStore } from './engine-store.ts';
import { LedgerClient } from './ledger-client.ts';
import { listen, type Answer } from './wire.ts';
import { workflowsOn } from './workflows.ts';
import { putClockOff } from './wrong-clock.ts';

const OPEN_AGAIN_MS = 100;
const GRACE_MS = 500;
/** So long that no start finds room in the pages that there are. */
const REMARK = 'remark '.repeat(1_000);
const [, , address = '', ledgerPort = '', life = '', lease = '', clockOff = ''] = process.argv;
if (clockOff !== '0') putClockOff(Number(clockOff));

const workflows = workflowsOn(new LedgerClient(Number(ledgerPort), Number(life)));
const say = (line: object) => console.log(JSON.stringify(line));

process.on('SIGTERM', () => {
  leaving ??= leave();
});
let leaving: Promise<void> | null = null;
let well: Stepwell | null = null;

async function leave(): Promise<void> {
  await well?.close({ grace: GRACE_MS });
  await well?.parts.store.close();
  process.exit(0);
}

/** As whoever looks after a service would: again, until there is room. */
async function open(): Promise<Stepwell> {
  for (;;) {
    try {
      return await openOnce();
    } catch (error) {
      sayRefused('open', error);
      await wait(OPEN_AGAIN_MS);
    }
  }
}

async function openOnce(): Promise<Stepwell> {
  const store = await openEngineStore(address, {
    failed: (error) => sayRefused('store', error),
    refused: (commits) => say({ commitsRefused: commits } satisfies EngineSays),
  });
  try {
    return await Stepwell.open({
      store,
      workflows,
      // Few are kept in memory, so that runs are replayed also without a crash; stops are longer than the lease.
      worker: lease === 'none' ? false : { parked: 10, lease: Number(lease) },
      onError: (error) => sayRefused('worker', error),
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function sayRefused(refused: 'open' | 'worker' | 'store', error: unknown): void {
  say({ refused, code: codeOf(error), message: String(error) } satisfies EngineSays);
}

const codeOf = (error: unknown) => (isStepwellError(error) ? error.code : null);
const opened = await open();
well = opened;

interface Request {
  readonly id: string;
  readonly workflow: string;
  readonly n: number;
  readonly value: string;
}

const services: Record<string, (request: Request) => Promise<unknown>> = {
  '/start': async ({ id, workflow, n }) =>
    (await opened.start(workflow, { n, remark: REMARK }, { id })).created,
  '/raise': ({ id, value }) => opened.raiseEvent(id, 'paid', value, { id: 'paid' }),
  '/succeed': ({ id, value }) => opened.callbacks.succeed(id, value),
  '/fail': ({ id, value }) => opened.callbacks.fail(id, { message: value }),
  '/cancel': ({ id }) => opened.cancel(id),
  '/retry': ({ id }) => opened.retry(id),
  '/result': ({ id }) => opened.result(id),
  '/read': async ({ id }) => {
    const { workflow, status } = await opened.get(id);
    const positions: number[] = [];
    for await (const { position } of opened.events(id, { follow: false })) positions.push(position);
    return { workflow, status, positions };
  },
  '/pending': async () => {
    const { runs } = await opened.list({ status: ACTIVE_STATUSES, limit: 1_000 });
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
// A process that is killed does not come to keep what it has compiled.
flushCompileCache();
