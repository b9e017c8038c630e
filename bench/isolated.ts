// One workload in a process of its own, so that it measures the same whatever was measured before it:
//
//   node --expose-gc bench/isolated.ts <workload> <directory or postgres://…> [--quick]
//
// Prints one JSON object a measurement. Run by hand, this is what to profile (node --cpu-prof …).

import { parseArgs } from 'node:util';
import { postgresBackend } from './backend-postgres.ts';
import { sqliteBackend } from './backend-sqlite.ts';
import { workloads } from './workloads/index.ts';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [name = '', place = ''] = positionals;
const workload = workloads[name];
if (workload === undefined || place === '') {
  throw new Error(
    'usage: node --expose-gc bench/isolated.ts <workload> <directory or postgres://…> [--quick]',
  );
}
const backend = place.startsWith('postgres') ? postgresBackend(place) : sqliteBackend(place);
for await (const measurement of workload({ backend, quick: values.quick })) {
  console.log(JSON.stringify(measurement));
}
