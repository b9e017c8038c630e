import { alteredStore, type Store } from 'stepwell/engine';

/** A store that tells nobody its news: that of another process, to which none of them come. */
export function deaf(store: Store): Store {
  return alteredStore(store, { subscribe: () => () => {} });
}
