// Looks at a store as a user without rights: root lays its rights down first, since permissions mean nothing to it.
import { examine } from '../src/doctor/doctor.ts';

const [, , store = ''] = process.argv;
if (process.getuid?.() === 0) process.setuid?.(65_534);
for await (const finding of examine(
  { store },
  { namespace: 'default', workflows: null, now: () => Date.now() },
))
  console.log(JSON.stringify(finding));
