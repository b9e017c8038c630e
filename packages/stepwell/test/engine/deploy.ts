import { testEngine, type TestEngine, type TestOptions } from '../../src/testing/index.ts';

type Options = Omit<TestOptions, 'store' | 'clock'>;

/** Stops an engine and opens another one with other code: a deploy. */
export async function deploy(engine: TestEngine, options: Options): Promise<TestEngine> {
  await engine.close();
  const next = await testEngine({ ...options, store: engine.store, clock: engine.clock });
  await next.clock.settle();
  return next;
}
