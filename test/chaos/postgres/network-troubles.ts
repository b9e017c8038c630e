import type { Direction } from '../../postgres/proxy.ts';
import { pause, refusalsSince, seen, type Trouble, type TroubleParts } from './trouble.ts';

/** Every flush is asked for, and answered, in a message that has this in it. */
const OF_A_FLUSH = { request: '.flush(', answer: 'targets' } as const;
const CUT_WITHIN_MS = 5_000;

/** A connection is cut half way through a commit, on the way to the server or back from it. */
export const halfCommits = (
  { site, witness }: TroubleParts,
  direction: Direction,
  name: string,
): Trouble => ({
  name,
  isBrief: true,
  async strike() {
    const refused = refusalsSince(witness);
    let isCut = false;
    void site.proxy.cutNext(direction, OF_A_FLUSH[direction]).then(() => (isCut = true));
    return (await seen(() => isCut, CUT_WITHIN_MS)) && seen(refused);
  },
});

const AWAY_MS = { least: 300, most: 1_500 };

/** All connections are cut, and for a while none can be made. */
export const outages = ({ site, chance, witness }: TroubleParts): Trouble => ({
  name: 'outages of the network',
  isBrief: false,
  async strike() {
    const refused = refusalsSince(witness);
    const proxies = [site.proxy, site.listenProxy];
    for (const proxy of proxies) proxy.refuse(true);
    for (const proxy of proxies) proxy.cut();
    await pause(chance.between(AWAY_MS.least, AWAY_MS.most));
    for (const proxy of proxies) proxy.refuse(false);
    return seen(refused);
  },
});

/** Longer than the lease of a worker, so that all lose it at once. */
const SILENT_MS = { least: 3_500, most: 4_500 };

/** Nothing passes, and nobody is told. */
export const silences = ({ site, chance, witness }: TroubleParts): Trouble => ({
  name: 'silences of the network, longer than the lease',
  isBrief: false,
  async strike() {
    const before = witness.told();
    site.proxy.hold();
    await pause(SILENT_MS.least / 2);
    const midway = witness.told();
    await pause(chance.between(SILENT_MS.least, SILENT_MS.most) - SILENT_MS.least / 2);
    const isSilent = witness.told() === midway;
    site.proxy.release();
    return isSilent && seen(() => witness.told() > before);
  },
});
