import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { Violations } from './violation.ts';

/**
 * The store at the centre of a world does not fail: what goes wrong with calls there is planned around it. If it fails
 * all the same, nobody may take that for a part of the plan and try again.
 */
export function dependable(store: Store, violations: Violations): Store {
  return new Proxy(store, {
    get(_, name) {
      const member: unknown = Reflect.get(store, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(member, store, args);
        if (!(answer instanceof Promise)) return answer;
        return answer.catch((error: unknown) => violations.report(`the store failed: ${describe(error)}`));
      };
    },
  });
}

/** The cause of it, too: the store says that something went wrong, the database what. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? String(error) : `${String(error)} (${describe(error.cause)})`;
}
