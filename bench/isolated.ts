// One workload in a process of its own, so that it measures the same whatever was measured before it:
//
//   node --expose-gc bench/isolated.ts <workload> <directory> [--quick]
//
// Prints one JSON object a measurement. Run by hand, this is what to profile (node --cpu-prof …).

import { parseArgs } from 'node:util';
import { workloads } from './workloads/index.ts';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [name = '', directory = ''] = positionals;
const workload = workloads[name];
if (workload === undefined || directory === '') {
  throw new Error('usage: node --expose-gc bench/isolated.ts <workload> <directory> [--quick]');
}
for await (const measurement of workload({ directory, quick: values.quick })) {
  console.log(JSON.stringify(measurement));
}
