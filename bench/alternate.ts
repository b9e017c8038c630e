/** Takes one sample. */
export type Sampler = () => Promise<number>;

/**
 * Samples the engine and what it is compared with by turns, now the one first and now the other (A B B A A B …), so that
 * a disk or a neighbour that gets slower meanwhile slows both. The warm-up rounds, in which code is compiled and the
 * files reach their steady size, do not count.
 */
export async function alternate(
  rounds: { readonly warmUp: number; readonly counted: number },
  engine: Sampler,
  floor: Sampler,
): Promise<{ engine: number[]; floor: number[] }> {
  const samples = { engine: [] as number[], floor: [] as number[] };
  for (let round = 0; round < rounds.warmUp + rounds.counted; round++) {
    if (round % 2 === 0) samples.engine.push(await engine());
    samples.floor.push(await floor());
    if (round % 2 === 1) samples.engine.push(await engine());
  }
  return { engine: samples.engine.slice(rounds.warmUp), floor: samples.floor.slice(rounds.warmUp) };
}

/** Milliseconds that it takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
