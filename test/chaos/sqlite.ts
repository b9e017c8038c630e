import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BOOKINGS, type Booking } from './bookings.ts';
import { mountedDirectory, quotaDisk, smallDisk } from './disk.ts';
import { WITH_QUOTA } from './engine-store.ts';
import { FullDisk } from './full-disk.ts';
import type { StoreUnderChaos } from './store.ts';

/** One engine on a file whose disk fills. @param directory where it lies if there is no small disk */
export function sqliteUnderChaos(directory: string): StoreUnderChaos {
  const mounted = mountedDirectory();
  const path = join(mounted ?? directory, 'stepwell.db');
  const disk = mounted === null ? quotaDisk(path) : smallDisk(mounted);
  const plain = `sqlite:${path}`;
  return {
    name: plain,
    posts: [
      {
        name: 'engine',
        address: mounted === null ? `${WITH_QUOTA}${path}` : plain,
        leaseMs: 300,
        isFront: true,
        clockOffMs: 0,
        ends: ['sometime', 'startup', 'body', 'stop'],
        lifeMs: { least: 150, most: 1_200 },
        // Longer than the lease, most of them.
        stopMs: { least: 50, most: 900 },
        usualStartMs: 800,
      },
    ],
    aftermathMs: 2_000,
    adversity: (chance, witness) => new FullDisk({ disk, path, chance, witness }),
    finalAddress: () => Promise.resolve(plain),
    async bookings() {
      const database = new DatabaseSync(path);
      try {
        return database.prepare(BOOKINGS).all() as unknown as Booking[];
      } finally {
        database.close();
      }
    },
    close: () => Promise.resolve(),
  };
}
