// The process that is soaked: an engine, its users and its retention. Told by its parent how long a round is, it works
// for so long, lets everything end, and says what it then holds. Argument: SoakSettings as JSON.

import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Stepwell } from '../../packages/stepwell/src/index.ts';
import { SoakDesk } from './desk.ts';
import type { Inside, Round, SoakSettings } from './messages.ts';
import { Retention } from './retention.ts';
import { scenariosOn } from './scenarios.ts';
import { Users } from './users.ts';
import { standing, workflowsIn } from './workflows.ts';

const settings = JSON.parse(process.argv[2]!) as SoakSettings;
const desk = new SoakDesk();
const { all, approval, broken } = workflowsIn(desk);
const errors: string[] = [];
const shutdown = new AbortController();
const kept: unknown[] = [];

const well = await Stepwell.open({
  store: `sqlite:${settings.path}`,
  workflows: all,
  // Fewer than wait, so that some go on by a replay.
  worker: { parked: Math.ceil(settings.standing / 2) },
  onError: (error) => void errors.push(String(error)),
});
const users = new Users({
  shutdown: shutdown.signal,
  ended: (result) => {
    if (settings.planted === 'results') kept.push(result);
  },
  leavesReadersOpen: settings.planted === 'readers',
});
const scenarios = scenariosOn(well, desk, { approval, broken }, (run) => users.watch(run));
const retention = new Retention(well, settings.keepMs);
const delays = monitorEventLoopDelay({ resolution: 1 });
for (let n = 0; n < settings.standing; n++) await well.start(standing, 0);

process.on('message', (wanted: Round) => void round(wanted).then((inside) => process.send!(inside)));
process.on('disconnect', () => process.exit());
process.send!('ready');

async function round(wanted: Round): Promise<Inside> {
  const stop = new AbortController();
  const retaining = settings.planted === 'retention' ? null : retention.work(stop.signal);
  delays.reset();
  delays.enable();
  await tellStanding();
  const done = await users.work(scenarios, settings.users, wanted);
  await settled();
  delays.disable();
  stop.abort();
  await retaining;
  return measure(done);
}

/** Those that they go on as have other ids, and the ones before are purged: they are found by what they are. */
async function tellStanding(): Promise<void> {
  const { runs } = await well.list({ workflow: standing.name, status: 'waiting', limit: 1_000 });
  await Promise.all(runs.map(({ id }) => well.raiseEvent(id, 'round', 'another round')));
}

/** Also what nobody waits for: detached children, standing runs. */
async function settled(): Promise<void> {
  for (;;) {
    const { waiting = 0, ...others } = await well.counts();
    const moving = (others.queued ?? 0) + (others.running ?? 0) + (others.paused ?? 0) + (others.stuck ?? 0);
    if (moving === 0 && waiting === settings.standing) return;
    await turn();
  }
}

async function measure(done: number): Promise<Inside> {
  for (let times = 0; times < 2; times++) {
    await turn();
    gc!();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    scenarios: done,
    workflows: all.length,
    purged: retention.purged,
    heap: heapUsed + external,
    rss,
    files: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : null,
    timers: process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length,
    listeners: getEventListeners(shutdown.signal, 'abort').length,
    active: well.load().active,
    delayP50: delays.percentile(50) / 1e6,
    delayP99: delays.percentile(99) / 1e6,
    delayMax: delays.max / 1e6,
    errors: errors.splice(0),
  };
}
