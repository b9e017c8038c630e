import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { TestClock } from '../../packages/stepwell/src/testing/index.ts';

/** A store whose calls take real time, and for which a clock that is moved by hand waits before it is moved. */
export function heldFor(clock: TestClock, store: Store): Store {
  const hold = (call: Promise<unknown>): void => {
    let isOver = false;
    const end = () => void (isOver = true);
    call.then(end, end);
    const look = () => {
      if (!isOver) clock.system.soon(look);
    };
    look();
  };
  return new Proxy(store, {
    get(_, name) {
      const member: unknown = Reflect.get(store, name);
      // Time is the clock's.
      if (name === 'now' || typeof member !== 'function') return undefined;
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(member, store, args);
        if (answer instanceof Promise) hold(answer);
        return answer;
      };
    },
  });
}
