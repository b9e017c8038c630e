import { describeStore } from './describe.ts';
import { STORES } from './stores.ts';

for (const [name, open] of Object.entries(STORES)) describeStore(name, open);
