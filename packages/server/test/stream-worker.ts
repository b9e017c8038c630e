// A worker in a process of its own: the address of its store.
import { Stepwell } from 'stepwell';
import { stages } from './workflows.ts';

const [, , store = ''] = process.argv;
process.on('disconnect', () => process.exit(1));
await Stepwell.open({ store, workflows: [stages], worker: { lease: '1s' } });
process.send?.('open');
