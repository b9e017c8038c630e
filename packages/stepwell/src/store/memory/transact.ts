import type { Payload } from '../../model/codec.ts';
import type { RunKey } from '../../model/run.ts';
import type { TransactionWork } from '../contract.ts';
import { runPurged } from '../transaction-error.ts';
import type { MemoryState } from './state.ts';

/** There is no database in which the work could write: only its outcome is kept. */
export async function transact(
  state: MemoryState,
  key: RunKey,
  name: string,
  work: TransactionWork,
): Promise<Payload | undefined> {
  const kept = () => state.runs.get(key)?.outcomes.get(name);
  const before = kept();
  if (before !== undefined) return structuredClone(before.value);
  const value = await work(undefined);
  const meanwhile = kept();
  if (meanwhile !== undefined) return structuredClone(meanwhile.value);
  const run = state.runs.get(key);
  if (run === undefined) throw runPurged();
  run.outcomes.set(name, { value: structuredClone(value) });
  return value;
}
