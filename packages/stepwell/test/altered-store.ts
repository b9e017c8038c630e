import type { Store } from '../src/store/contract.ts';

/** A store as one engine sees it: some methods are others, the rest goes to the real one. */
export function alteredStore(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(Object.hasOwn(methods, name) ? methods : target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
