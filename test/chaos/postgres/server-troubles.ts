import type { StopMode } from '../../postgres/cluster.ts';
import { pause, refusalsSince, seen, type Trouble, type TroubleParts } from './trouble.ts';

const DOWN_MS = { least: 50, most: 1_000 };

/** The server goes down, and comes up again. */
export const stoppages = (
  { site, chance, witness }: TroubleParts,
  mode: StopMode,
  name: string,
): Trouble => ({
  name,
  isBrief: true,
  async strike() {
    const refused = refusalsSince(witness);
    await site.server.stop(mode);
    await pause(chance.between(DOWN_MS.least, DOWN_MS.most));
    await site.server.start();
    return seen(refused);
  },
});

export const terminations = ({ site, witness }: TroubleParts): Trouble => ({
  name: 'terminations of all connections',
  isBrief: true,
  async strike() {
    const refused = refusalsSince(witness);
    return (await site.server.terminateConnections()) > 0 && seen(refused);
  },
});

export const deafness = ({ site, witness }: TroubleParts): Trouble => ({
  name: 'terminations of the connections that listen',
  isBrief: true,
  async strike() {
    const refused = refusalsSince(witness);
    return (await site.terminateListeners()) > 0 && seen(refused);
  },
});

const REPLACED_AFTER_MS = { least: 500, most: 1_500 };
const FOLLOWS_WITHIN_MS = 20_000;

/** A standby takes the server's place. What was acknowledged is there, because commits waited for it. */
export const promotions = ({ site, chance, witness }: TroubleParts): Trouble => ({
  name: 'promotions of a standby',
  isBrief: false,
  async strike() {
    const { server } = site;
    const standby = await server.startStandby();
    // Later than the copy was made: when it is on its own it waits for nobody.
    await site.ask("alter system set synchronous_standby_names = '*'");
    await site.ask('select pg_reload_conf()');
    if (!(await isFollowed(site))) throw new Error('the standby does not follow');
    await pause(chance.between(REPLACED_AFTER_MS.least, REPLACED_AFTER_MS.most));
    const refused = refusalsSince(witness);
    await server.stop('immediate');
    await standby.promote();
    site.moveTo(standby);
    return seen(refused);
  },
});

async function isFollowed(site: TroubleParts['site']): Promise<boolean> {
  for (const end = Date.now() + FOLLOWS_WITHIN_MS; Date.now() < end; await pause(100)) {
    const rows = await site.ask("select from pg_stat_replication where sync_state = 'sync'");
    if (rows.length > 0) return true;
  }
  return false;
}
