import { isDeepStrictEqual } from 'node:util';
import { isFinal } from '../../packages/stepwell/src/index.ts';
import { BODY_ORACLES } from './body-oracles.ts';
import { byKey, differs, type Oracle } from './evidence.ts';
import { begunAgain, type Recorded } from './journals.ts';
import { isRefused, paymentOf, type Told } from './users.ts';
import { isMissing, isOff, PARTS } from './workflows.ts';

/** Clocks of one machine, read by two processes. */
const CLOCK_TOLERANCE_MS = 1_000;

/** What must hold once the killing has stopped; each gives what speaks against it. */
export const ORACLES: Record<string, Oracle> = {
  'every acknowledged start is there': ({ told, runs }) =>
    told.filter(({ id }) => !runs.has(id)).map(({ id }) => `${id} is lost`),

  'every run has ended': ({ runs }) =>
    [...runs.values()]
      .filter(({ info }) => !isFinal(info.status))
      .map(({ info }) => `${info.id} is ${info.status} and waits for ${JSON.stringify(info.waitingFor)}`),

  'every run gives what its workflow says': ({ told, runs }) =>
    told.flatMap((one) => {
      const info = runs.get(one.id)?.info;
      const found = info?.error?.message ?? withoutReceipts(info?.output);
      const expected = EXPECTED[one.workflow](one);
      return isDeepStrictEqual(found, expected) ? [] : [differs(one.id, found, expected)];
    }),

  'what was told of a result is what is on record': ({ told, runs }) =>
    told.flatMap(({ id, outcome }) => {
      const info = runs.get(id)?.info;
      const recorded =
        info?.status === 'succeeded'
          ? { ok: true, value: info.output }
          : { ok: false, message: info?.error?.message };
      return isDeepStrictEqual(outcome, recorded) ? [] : [differs(id, outcome, recorded)];
    }),

  'children ran, awaited or not': ({ told, runs }) =>
    told
      .filter(({ workflow }) => workflow === 'order')
      .flatMap(({ id }) => [`${id}-pack`, `${id}-detached`])
      .filter((id) => runs.get(id)?.info.status !== 'succeeded')
      .map((id) => `${id} did not succeed`),

  'what was cancelled is cancelled, with the child that it awaits': ({ told, runs }) =>
    told
      .filter(({ cancelled }) => cancelled !== null)
      .flatMap(({ id }) => [id, `${id}-guest`])
      .filter((id) => (runs.get(id)?.info.status ?? 'cancelled') !== 'cancelled')
      .map((id) => `${id} is ${runs.get(id)?.info.status}`),

  'what was cancelled once is taken back': ({ told, runs, ledger }) => {
    const entries = byKey(ledger);
    const undone = new Set(ledger.entries.map(({ undoes }) => undoes));
    return told
      .filter(({ cancelled }) => cancelled === 'once')
      .flatMap(({ id }) => [`${id}/reserve`, `${id}-guest/arrive`])
      .filter((key) => {
        const [id, op] = key.split('/') as [string, string];
        const events = runs.get(id)?.events ?? [];
        return events.some((event) => event.type === 'operation.succeeded' && event.op === op);
      })
      .filter((key) => !undone.has(entries.get(key)?.receipt ?? Number.NaN))
      .map((key) => `${key} is not taken back`);
  },

  'an operator who was told so has retried': ({ told, runs }) =>
    told.flatMap(({ id, retries }) => {
      const reopened = (runs.get(id)?.events ?? []).filter(({ type }) => type === 'run.reopened').length;
      return reopened >= retries ? [] : [`${id}: reopened ${reopened} times, ${retries} were acknowledged`];
    }),

  'trips that were off are taken back, last booking first, and no others': ({ told, ledger }) => {
    const entries = byKey(ledger);
    const undoneBy = new Map(ledger.entries.map(({ undoes, receipt }) => [undoes, receipt]));
    return told
      .filter(({ workflow }) => workflow === 'trip')
      .flatMap(({ id, n }) => {
        const [flight, hotel] = ['flight', 'hotel'].map((op) =>
          undoneBy.get(entries.get(`${id}/${op}`)?.receipt ?? Number.NaN),
        );
        const isBack = typeof flight === 'number' && typeof hotel === 'number' && hotel < flight;
        const isKept = flight === undefined && hotel === undefined;
        return (isOff(n) ? isBack : isKept) ? [] : [`${id}: flight ${flight}, hotel ${hotel}`];
      });
  },

  'journals have no gaps': ({ runs }) =>
    [...runs].flatMap(([id, { positions }]) => {
      const gap = positions.findIndex((position, n) => position !== n);
      return gap < 0 ? [] : [`${id}: a gap at ${gap}`];
    }),

  'times on record are right, and do not go back': ({ runs, span }) =>
    [...runs].flatMap(([id, { times }]) => {
      const wrong = times.findIndex(
        (at, n) =>
          at < Math.max(span.from - CLOCK_TOLERANCE_MS, times[n - 1] ?? 0) ||
          at > span.until + CLOCK_TOLERANCE_MS,
      );
      return wrong < 0 ? [] : [`${id}: ${new Date(times[wrong]!).toISOString()} at ${wrong}`];
    }),

  ...BODY_ORACLES,
};

/** How much was cut off, as the journals show it. */
export function tracesOf(runs: ReadonlyMap<string, Recorded>) {
  const journals = [...runs.values()].map(({ events }) => events);
  const events = journals.flat();
  return {
    begunAgain: journals.flatMap(begunAgain).length,
    uncertain: events.filter(
      (event) => event.type === 'operation.failed' && event.error.code === 'STEP_UNCERTAIN',
    ).length,
    activations: events.filter(({ type }) => type === 'run.activated').length,
  };
}

const RECEIPT = 'receipt';

/** The output of a run, or the message that it failed with. */
const EXPECTED: Record<Told['workflow'], (told: Told) => unknown> = {
  order: orderOf,
  trip: ({ n }) => (isOff(n) ? `trip ${n} is off` : { flight: RECEIPT, hotel: RECEIPT }),
  stay: ({ id }) => `The run "${id}" was cancelled.`,
  repair: ({ id }) => ({ looked: RECEIPT, mended: RECEIPT, paid: paymentOf(id) }),
};

function orderOf({ id, n }: Told) {
  return {
    paid: paymentOf(id),
    charged: RECEIPT,
    approved: isRefused(n) ? `refused: ${id}` : id,
    parts: PARTS.map((part) => (isMissing(n, part) ? `no part ${part}` : RECEIPT)),
    packed: RECEIPT,
  };
}

/** Which number it is matters elsewhere. */
function withoutReceipts(output: unknown): unknown {
  if (typeof output === 'number' || output === 'uncertain') return RECEIPT;
  if (Array.isArray(output)) return output.map(withoutReceipts);
  if (typeof output !== 'object' || output === null) return output;
  return Object.fromEntries(Object.entries(output).map(([name, value]) => [name, withoutReceipts(value)]));
}
