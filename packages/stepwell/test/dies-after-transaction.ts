import { alteredStore } from '../src/store/altered.ts';
import type { Store } from '../src/store/contract.ts';

/** The store of a process that dies when a transaction has been committed: nothing of it comes into the journal. */
export function diesAfterTransaction(store: Store): { store: Store; committed: Promise<void> } {
  const { promise: committed, resolve } = Promise.withResolvers<void>();
  let isCommitted = false;
  const dying = alteredStore(store, {
    transact: async (...given) => {
      const outcome = await store.transact(...given);
      isCommitted = true;
      resolve();
      return outcome;
    },
    commit: (commits) => (isCommitted ? new Promise(() => {}) : store.commit(commits)),
  });
  return { store: dying, committed };
}
