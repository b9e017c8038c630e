import { BOOKINGS, type Booking } from '../bookings.ts';
import type { Post, StoreUnderChaos } from '../store.ts';
import { Site } from './site.ts';
import { Troubles } from './troubles.ts';

/** Below this there is no time for everything. */
const ALL_FROM_SECONDS = 45;
const HURRY_MS = 400;
const MINUTES_OFF = 7;

/** Three workers and two fronts on one server; one worker is in a hurry, another has a wrong clock. */
export async function postgresUnderChaos(seconds: number): Promise<StoreUnderChaos> {
  const site = await Site.build();
  const isShort = seconds < ALL_FROM_SECONDS;
  const worker: Omit<Post, 'name' | 'address' | 'ends'> = {
    leaseMs: 3_000,
    isFront: false,
    clockOffMs: 0,
    lifeMs: isShort ? { least: 1_500, most: 3_000 } : { least: 1_500, most: 5_000 },
    // Longer than the lease.
    stopMs: isShort ? { least: 3_300, most: 4_000 } : { least: 3_500, most: 6_000 },
    usualStartMs: 4_000,
  };
  const address = site.address({ connections: 6 });
  const front: Omit<Post, 'name' | 'address'> = {
    ...worker,
    leaseMs: null,
    isFront: true,
    ends: ['sometime'],
    lifeMs: isShort ? { least: 6_000, most: 9_000 } : { least: 5_000, most: 12_000 },
  };
  const posts: Post[] = [
    { ...worker, name: 'worker', address, ends: ['stop', 'body', 'farewell', 'startup', 'sometime'] },
    {
      ...worker,
      name: 'worker in a hurry',
      address: site.address({ connections: 6, statementTimeoutMs: HURRY_MS }),
      soundAddress: address,
      ends: ['farewell', 'startup', 'body', 'sometime', 'stop'],
    },
    {
      ...worker,
      name: 'worker with a wrong clock',
      address,
      clockOffMs: MINUTES_OFF * 60_000,
      ends: ['body', 'sometime', 'farewell', 'stop', 'startup'],
    },
    { ...front, name: 'front', address },
    { ...front, name: 'front with few connections', address: site.address({ connections: 3 }) },
  ];
  return {
    name: [
      site.server.origin,
      ...(isShort ? ['the short form'] : []),
      ...(site.server.canHaveStandby ? [] : ['no standby, for there is no pg_basebackup']),
    ].join(', '),
    posts,
    // Stops, and what a worker then finds.
    aftermathMs: 15_000,
    adversity: (chance, witness) => new Troubles({ site, chance, witness, isShort }),
    async finalAddress() {
      await site.server.stop('immediate');
      await site.server.start();
      return site.server.url;
    },
    bookings: () => site.ask<Booking>(BOOKINGS),
    close: () => site.close(),
  };
}
