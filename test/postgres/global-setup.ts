import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type LentPostgres, lendPostgres } from './lend.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Port at which the address of the PostgreSQL for this run of the tests is told. */
    postgresDoor: number;
  }
}

/** One PostgreSQL for all test files, started when the first of them asks for it; see shared.ts. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let lent: Promise<LentPostgres> | null = null;
  const door = createServer((asking) => {
    asking.on('error', () => {});
    lent ??= lendPostgres({ durable: false });
    lent.then(
      ({ url }) => asking.end(JSON.stringify({ url })),
      (error: unknown) => asking.end(JSON.stringify({ error: String(error) })),
    );
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  project.provide('postgresDoor', (door.address() as AddressInfo).port);
  return async () => {
    door.close();
    await (await lent?.catch(() => null))?.close();
  };
}
