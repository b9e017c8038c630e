import type { Store } from 'stepwell/engine';

/** A store that tells nobody its news: that of another process, to which none of them come. */
export function deaf(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'subscribe') return () => () => {};
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
