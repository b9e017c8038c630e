import { StepwellError } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import type { Payloads } from '../model/payload.ts';
import type { RunRecord } from '../model/run.ts';
import type { Store } from '../store/contract.ts';

/** Does a run's work in a transaction of the store, with the value of the work as its outcome. */
export async function transact(
  store: Store,
  payloads: Payloads,
  run: RunRecord,
  key: string,
  work: (tx: unknown) => unknown,
): Promise<Json | undefined> {
  const encode = (value: unknown) => payloads.encode(value, `result of "${key}"`);
  const outcome = await store.transact(run.key, key, (tx) => {
    const value = work(tx);
    // A store that cannot wait is given no promise where the body gave none.
    return value instanceof Promise ? value.then(encode) : encode(value);
  });
  return payloads.decode(outcome);
}

/**
 * The store inside a transaction that somebody else has begun.
 * @throws StepwellError `OPTION_INVALID` of a store that has no such transactions
 */
export function joined(store: Store, client: unknown): Pick<Store, 'start' | 'deliver'> {
  const inside = store.inTransaction?.(client);
  if (inside !== undefined) return inside;
  throw new StepwellError(
    'OPTION_INVALID',
    `The store ${store.kind} cannot take part in a transaction of yours: the option "client" is for PostgreSQL.`,
  );
}
