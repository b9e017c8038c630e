// A worker in a process of its own: the URL of its store, and by how many milliseconds its machine's clock is off.
import { Stepwell } from 'stepwell';
import { order } from './workflows.ts';

const [, , store = '', skew = '0'] = process.argv;
const realNow = Date.now.bind(Date);
Date.now = () => realNow() + Number(skew);

await Stepwell.open({ store, workflows: [order], worker: { lease: '1s' } });
process.send?.('open');
