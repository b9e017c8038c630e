import { isDeepStrictEqual } from 'node:util';
import { byKey, differs, type Oracle } from './evidence.ts';
import { BOOK } from './workflows.ts';
import { attemptsOf, begunAgain, livesOf } from './journals.ts';

/** Finds out what became of an attempt that was cut off, and is begun again if that had no effect. */
const RECONCILED = 'hotel';

/** What must hold of bodies, which the ledger has seen, and of their results on record. */
export const BODY_ORACLES: Record<string, Oracle> = {
  'a step that succeeded had its effect, and its result is the receipt': ({ runs, ledger }) => {
    const entries = byKey(ledger);
    return [...runs.values()].flatMap(({ info, events }) => {
      const steps = new Set(
        events.flatMap((event) =>
          event.type === 'operation.started' && event.kind === 'step' ? [event.op] : [],
        ),
      );
      return events.flatMap((event) => {
        if (event.type !== 'operation.succeeded' || !steps.has(event.op) || event.op === BOOK) return [];
        const entry = entries.get(`${info.id}/${event.op}`);
        const isKept = event.value === undefined || event.value === entry?.receipt;
        return typeof entry?.receipt === 'number' && isKept
          ? []
          : [differs(`${info.id}/${event.op}`, event.value, entry?.receipt)];
      });
    });
  },

  'what a transaction wrote is there once, and its result is on record': ({ runs, bookings }) => {
    const written = Map.groupBy(bookings, ({ key }) => key);
    const recorded = [...runs].flatMap(([id, { events }]) =>
      events.flatMap((event) =>
        event.type === 'operation.succeeded' && event.op === BOOK
          ? [{ key: `${id}/${BOOK}`, number: event.value }]
          : [],
      ),
    );
    const known = new Set(recorded.map(({ key }) => key));
    const nowhere = bookings.filter(({ key }) => !known.has(key)).map(({ key }) => `${key} is not on record`);
    const others = recorded.flatMap(({ key, number }) => {
      const numbers = (written.get(key) ?? []).map((booking) => booking.number);
      return isDeepStrictEqual(numbers, [number]) ? [] : [differs(key, numbers, [number])];
    });
    return [...nowhere, ...others];
  },

  'a body is called at most once for each attempt on record': ({ runs, ledger }) => {
    const attempts = new Map<string, readonly number[]>(
      [...runs].flatMap(([id, { events }]) =>
        [...attemptsOf(events)].map(([op, begun]) => [`${id}/${op}`, begun] as const),
      ),
    );
    return ledger.entries.flatMap(({ key, calls }) =>
      Object.entries(calls)
        .filter(([attempt, count]) => count > begunAs(attempts.get(key), Number(attempt)))
        .map(
          ([attempt, count]) =>
            `${key}: ${count} calls of attempt ${attempt}, begun: ${String(attempts.get(key))}`,
        ),
    );
  },

  'what may be done at most once is not begun again after an attempt of unknown effect': ({
    runs,
    ledger,
  }) => {
    const entries = byKey(ledger);
    return [...runs].flatMap(([id, { events }]) => {
      const again = new Set(begunAgain(events));
      return events.flatMap((event) => {
        if (event.type !== 'operation.started' || event.atMostOnce !== true || event.op === RECONCILED)
          return [];
        const { op } = event;
        const calls = Object.keys(entries.get(`${id}/${op}`)?.calls ?? {}).length;
        const failures = events.filter((one) => one.type === 'operation.retrying' && one.op === op).length;
        // One more than those that are known to have failed: it succeeded, or nothing is known of it.
        return calls > failures + 1 || again.has(op)
          ? [`${id}/${op}: ${calls} calls, ${failures} failed`]
          : [];
      });
    });
  },

  'in each life an operation has one outcome, and nothing is begun after it': ({ runs }) =>
    [...runs].flatMap(([id, { events }]) =>
      livesOf(events).flatMap((life) => {
        const settled = new Set<string>();
        return life.flatMap((event) => {
          if (event.type === 'operation.attempt' && settled.has(event.op))
            return [`${id}/${event.op}: attempt ${event.attempt} after its outcome`];
          if (event.type !== 'operation.succeeded' && event.type !== 'operation.failed') return [];
          if (settled.has(event.op)) return [`${id}/${event.op}: two outcomes`];
          settled.add(event.op);
          return [];
        });
      }),
    ),

  'what an earlier life has done is not done again': ({ runs }) =>
    [...runs].flatMap(([id, { events }]) => {
      const done = new Set<string>();
      return events.flatMap((event) => {
        if (event.type !== 'operation.succeeded') return [];
        if (event.from === undefined && done.has(event.op)) return [`${id}/${event.op} was done twice`];
        done.add(event.op);
        return [];
      });
    }),
};

const begunAs = (begun: readonly number[] = [], attempt: number) =>
  begun.filter((one) => one === attempt).length;
