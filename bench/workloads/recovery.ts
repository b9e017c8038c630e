import { openEngine } from '../engine.ts';
import { median, type Measurement, type Setup } from '../measurement.ts';
import { endless } from '../worker-process.ts';
import { DEFAULT_LEASE_SECONDS, startWorker } from '../worker-processes.ts';

const runs = 100;

/** From SIGKILL of a worker with 100 runs in flight until the last of them goes on in another process. */
export async function* recovery({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const leaseSeconds = quick ? 3 : DEFAULT_LEASE_SECONDS;
  const times: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const store = backend.address(`round_${round}`);
    const client = await openEngine(store, [endless], false);
    const all = () => {
      const seen = new Set<string>();
      const { promise, resolve } = Promise.withResolvers<void>();
      const hear = ({ run }: { run: string }) => {
        seen.add(run);
        if (seen.size === runs) resolve();
      };
      return { promise, hear };
    };
    const before = all();
    const victim = await startWorker(store, before.hear, leaseSeconds);
    await client.startMany(
      endless,
      Array.from({ length: runs }, () => ({})),
    );
    await before.promise;
    const after = all();
    const heir = await startWorker(store, after.hear, leaseSeconds);
    const killed = performance.now();
    await victim.kill();
    await after.promise;
    times.push((performance.now() - killed) / 1_000);
    await heir.kill();
    await client.close();
  }
  yield {
    workload: 'recovery',
    unit: 's',
    value: median(times),
    p50: median(times),
    p99: null,
    floor: leaseSeconds,
    limit: { atMost: 1.5 },
  };
}
