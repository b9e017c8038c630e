/** A store as one of its users sees it: some members are others, all else is the real one's. */
export function alteredStore<S extends object>(store: S, members: Partial<S>): S {
  return new Proxy(store, {
    get(_, name) {
      const member: unknown = Reflect.get(Object.hasOwn(members, name) ? members : store, name);
      return typeof member === 'function' ? (member.bind(store) as unknown) : member;
    },
  });
}
