import { isDeepStrictEqual } from 'node:util';
import type { News, Store } from '../../../packages/stepwell/src/store/contract.ts';
import type { Node } from './node.ts';

/**
 * One store that two processes have open: calls go to them in turn, and half of those who listen do so at either. A call
 * is over when its news have come, by NOTIFY, to the other process too; they are given out then, in an order that does
 * not depend on the moment. So all that takes real time happens between two moments of virtual time.
 *
 * @param close is told whether all calls were answered: if not, news of them may still be on their way
 */
export function onTwoNodes(nodes: readonly [Node, Node], close: (isWhole: boolean) => Promise<void>): Store {
  const listeners = nodes.map(() => new Set<(news: News) => void>());
  let calls = 0;
  let subscriptions = 0;
  let isWhole = true;
  const call = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    const at = calls++ % nodes.length;
    const [here, there] = [nodes[at]!, nodes[1 - at]!];
    const method = Reflect.get(here.store, name) as (...args: unknown[]) => unknown;
    const answer = await Reflect.apply(method, here.store, args);
    const heardThere = await there.channel.takeHeardFrom(here.channel);
    const told = here.channel.takeTold();
    if (!isDeepStrictEqual(heardThere, told))
      throw new Error(
        `one process told ${JSON.stringify(told)}, another heard ${JSON.stringify(heardThere)}`,
      );
    here.demandSilence();
    there.demandSilence();
    spread(here.takeOwnNews(), listeners[at]!);
    spread(heardThere, listeners[1 - at]!);
    return answer;
  };
  const whole = (answer: Promise<unknown>) =>
    answer.catch((error: unknown) => {
      isWhole = false;
      throw error;
    });
  const subscribe = (listener: (news: News) => void) => {
    const own = listeners[subscriptions++ % nodes.length]!;
    own.add(listener);
    return () => void own.delete(listener);
  };
  return new Proxy(nodes[0].store, {
    get(store, name) {
      if (name === 'subscribe') return subscribe;
      if (name === 'close') return () => close(isWhole);
      // Those who run the world have another time.
      if (name === 'now') return undefined;
      const member: unknown = Reflect.get(store, name);
      return typeof member === 'function' ? (...args: unknown[]) => whole(call(String(name), args)) : member;
    },
  });
}

function spread(news: readonly News[], listeners: ReadonlySet<(news: News) => void>): void {
  for (const item of news) for (const listener of listeners) listener(item);
}
