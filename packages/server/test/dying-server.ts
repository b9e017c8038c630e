// A server in a process of its own that dies when so many requests with an Idempotency-Key have been done and none of
// their answers has been recorded: the address of its store, how many.
import { Stepwell } from 'stepwell';
import { Schedules } from '../../schedules/src/index.ts';
import { serve } from '../src/index.ts';
import { echo, greet, stages, tidy } from './workflows.ts';

const [, , store = '', requests = ''] = process.argv;
process.on('disconnect', () => process.exit(1));
const well = await Stepwell.open({ store, workflows: [echo, greet, stages, tidy], worker: { lease: '1s' } });
let left = Number(requests);
well.parts.store.answerRequest = () => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};
const server = await serve(well, { port: 0, schedules: await Schedules.open(well) });
process.send?.(server.url);
