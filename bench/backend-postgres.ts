import { Client } from 'pg';
import type { Backend } from './backend.ts';
import { OneRowCommits, PostgresFloor } from './floor-postgres.ts';

/** Schemas in a database. */
export function postgresBackend(url: string): Backend {
  return {
    kind: 'postgres',
    address: (name) => {
      const address = new URL(url);
      address.searchParams.set('schema', name);
      return address.href;
    },
    openFloor: () => PostgresFloor.open(url),
    openCommits: () => OneRowCommits.open(url),
    size: async (name) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query<{ bytes: string }>(
        `select sum(pg_total_relation_size(oid)) as bytes from pg_class
         where relnamespace = $1::regnamespace and relkind = 'r'`,
        [name],
      );
      await client.end();
      return Number(rows[0]?.bytes);
    },
    limits: {
      sequential: { atMost: 2.5 },
      throughput: { atLeast: 0.4 },
      fanout: { atMost: 6 },
      jobs: { noLess: 20_000 },
    },
  };
}
