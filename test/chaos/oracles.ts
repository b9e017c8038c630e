import { isDeepStrictEqual } from 'node:util';
import { isFinal } from '../../packages/stepwell/src/index.ts';
import { isRefused, paymentOf, type Told } from './driver.ts';
import { attemptsOf, begunAgain, type Recorded } from './journals.ts';
import type { Entry, LedgerReport } from './ledger-report.ts';
import { isMissing, isOff, PARTS, type OrderResult } from './workflows.ts';

export interface Evidence {
  readonly told: readonly Told[];
  readonly runs: ReadonlyMap<string, Recorded>;
  readonly ledger: LedgerReport;
}

/** What must hold once the killing has stopped; each gives what speaks against it. */
export const ORACLES: Record<string, (evidence: Evidence) => string[]> = {
  'every acknowledged start is there': ({ told, runs }) =>
    told.filter(({ id }) => !runs.has(id)).map(({ id }) => `${id} is lost`),

  'every run has ended': ({ runs }) =>
    [...runs.values()]
      .filter(({ info }) => !isFinal(info.status))
      .map(({ info }) => `${info.id} is ${info.status} and waits for ${JSON.stringify(info.waitingFor)}`),

  'every run gives what its workflow says': ({ told, runs }) =>
    told.flatMap(({ id, workflow, n }) => {
      const info = runs.get(id)?.info;
      const found = workflow === 'order' ? withoutReceipts(info?.output) : (info?.error?.message ?? 'taken');
      const expected = workflow === 'order' ? orderOf(id, n) : isOff(n) ? `trip ${n} is off` : 'taken';
      return isDeepStrictEqual(found, expected) ? [] : [differs(id, found, expected)];
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

  'a step that succeeded had its effect, and its result is the receipt': ({ runs, ledger }) => {
    const entries = byKey(ledger);
    return [...runs.values()].flatMap(({ info, events }) => {
      const steps = new Set(
        events.flatMap((event) =>
          event.type === 'operation.started' && event.kind === 'step' ? [event.op] : [],
        ),
      );
      return events.flatMap((event) => {
        if (event.type !== 'operation.succeeded' || !steps.has(event.op)) return [];
        const entry = entries.get(`${info.id}/${event.op}`);
        const isKept = event.value === undefined || event.value === entry?.receipt;
        return typeof entry?.receipt === 'number' && isKept
          ? []
          : [differs(`${info.id}/${event.op}`, event.value, entry?.receipt)];
      });
    });
  },

  'no key has two effects': ({ ledger }) =>
    ledger.entries.filter(({ effects }) => effects > 1).map(({ key, effects }) => `${key}: ${effects}`),

  'a body is called at most once for each attempt on record': ({ runs, ledger }) => {
    const attempts = new Map<string, number>(
      [...runs].flatMap(([id, { events }]) =>
        [...attemptsOf(events)].map(([op, count]) => [`${id}/${op}`, count] as const),
      ),
    );
    return ledger.entries.flatMap(({ key, calls }) =>
      Object.entries(calls)
        .filter(([attempt, count]) => count > 1 || Number(attempt) > (attempts.get(key) ?? 0))
        .map(([attempt, count]) => `${key}: ${count} calls of attempt ${attempt} of ${attempts.get(key)}`),
    );
  },

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

  'journals have no gaps, and one outcome for each operation': ({ runs }) =>
    [...runs].flatMap(([id, { positions, events }]) => {
      const outcomes = events.flatMap((event) =>
        event.type === 'operation.succeeded' || event.type === 'operation.failed' ? [event.op] : [],
      );
      const gap = positions.findIndex((position, n) => position !== n);
      const isTwice = new Set(outcomes).size < outcomes.length;
      return [...(gap < 0 ? [] : [`${id}: a gap at ${gap}`]), ...(isTwice ? [`${id}: two outcomes`] : [])];
    }),
};

/** How much was cut off, as the journals show it. */
export function tracesOf(runs: ReadonlyMap<string, Recorded>) {
  const journals = [...runs.values()].map(({ events }) => events);
  const events = journals.flat();
  return {
    begunAgain: journals.reduce((sum, journal) => sum + begunAgain(journal), 0),
    uncertain: events.filter(
      (event) => event.type === 'operation.failed' && event.error.code === 'STEP_UNCERTAIN',
    ).length,
    activations: events.filter(({ type }) => type === 'run.activated').length,
  };
}

const byKey = ({ entries }: LedgerReport): Map<string, Entry> =>
  new Map(entries.map((entry) => [entry.key, entry]));

const differs = (what: string, found: unknown, expected: unknown) =>
  `${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`;

function orderOf(id: string, n: number) {
  return {
    paid: paymentOf(id),
    approved: isRefused(n) ? `refused: ${id}` : id,
    parts: PARTS.map((part) => (isMissing(n, part) ? `no part ${part}` : 'receipt')),
  };
}

function withoutReceipts(output: unknown) {
  if (typeof output !== 'object' || output === null) return output;
  const { paid, approved, parts } = output as OrderResult;
  return { paid, approved, parts: parts.map((part) => (typeof part === 'number' ? 'receipt' : part)) };
}
