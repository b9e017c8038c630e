import { strict as assert } from 'node:assert';
import type { Definition, RunHandle, StartOptions, Stepwell } from '../../packages/stepwell/src/index.ts';
import {
  carefully,
  chain,
  endless,
  family,
  keyed,
  large,
  largeInput,
  mail,
  spread,
  stepsKinds,
  timers,
  type World,
} from './workflows.ts';

/** What users do with the engine, from the start of a run to its end; each gives its result. */
export type Scenario = (n: number, id: string) => Promise<unknown>;

export interface Desk extends World {
  /** The callback that a run has handed over. */
  readonly callbackOf: (run: string) => Promise<string>;
  readonly mend: (run: string) => void;
}

export function scenariosOn(
  well: Stepwell,
  desk: Desk,
  own: { approval: Definition<number, number | string>; broken: Definition<number, number> },
  begun: (run: RunHandle) => void,
): readonly Scenario[] {
  const start = async <I, O>(definition: Definition<I, O>, input: I, options: StartOptions) => {
    const run = await well.start(definition as Definition<unknown, O>, input, options);
    begun(run);
    return run;
  };
  const resultOf = async <I, O>(definition: Definition<I, O>, input: I, id: string): Promise<O> => {
    const run = await start(definition, input, { id });
    return run.result();
  };
  const plain = <O>(definition: Definition<number, O>) =>
    ((n, id) => resultOf(definition, n, id)) satisfies Scenario;

  return [
    (n, id) => resultOf(stepsKinds[n % stepsKinds.length]!, n, id),
    plain(timers),
    plain(spread),
    plain(family),
    plain(keyed),
    plain(carefully),
    (n, id) => resultOf(large, largeInput(n), id),

    async (n, id) => {
      const run = await start(mail, undefined, { id });
      for (const letter of ['a', 'b', 'b', 'c'])
        await run.raiseEvent('letter', `${letter} ${n}`, { id: letter });
      const letters = await run.result();
      assert.equal(letters.length, 3);
      return letters;
    },

    async (n, id) => {
      const run = await start(chain, n % 5, { id });
      await run.raiseEvent('end', `event ${n}`);
      assert.equal(await run.result(), `event ${n}`);
      return n;
    },

    async (n, id) => {
      const run = await start(own.approval, n, { id });
      const callback = await desk.callbackOf(id);
      await well.callbacks.heartbeat(callback);
      if (n % 3 === 0) await well.callbacks.fail(callback, { message: 'refused' });
      else await well.callbacks.succeed(callback, n);
      return run.result();
    },

    async (n, id) => {
      const run = await start(own.broken, n, { id });
      await assert.rejects(run.result(), { message: `run ${n} is broken` });
      if (n % 2 === 0) return null;
      desk.mend(id);
      await run.retry();
      assert.equal(await run.result(), n);
      desk.mend(`${id}-fork`);
      const forked = await well.fork(id, { id: `${id}-fork`, from: 'mend' });
      return forked.result();
    },

    async (n, id) => {
      const run = await start(endless, n, { id });
      await run.pause();
      await run.resume();
      await run.cancel({ force: n % 2 === 0 });
      await assert.rejects(run.result(), { code: 'RUN_CANCELLED' });
      return null;
    },

    async (n, id) => {
      const run = await start(endless, n, { id, timeout: 20 });
      await assert.rejects(run.result(), { code: 'RUN_TIMED_OUT' });
      return null;
    },
  ];
}
