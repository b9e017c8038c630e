import type { Client } from 'pg';
import { pause, refusalsSince, seen, type Trouble, type TroubleParts } from './trouble.ts';

const SCHEMA = 'stepwell';
const HELD_MS = { least: 600, most: 900 };

/** A table is locked for so long that one who is in a hurry gives up. */
export const timeouts = ({ site, chance, witness }: TroubleParts): Trouble => ({
  name: 'statements stopped by a timeout',
  isBrief: true,
  async strike() {
    const refused = refusalsSince(witness);
    const session = await site.session();
    await session.query('begin');
    await session.query(`lock table ${SCHEMA}.journal in access exclusive mode`);
    await pause(chance.between(HELD_MS.least, HELD_MS.most));
    await session.query('rollback');
    await session.end();
    return seen(() => refused('statement timeout'), 1_000);
  },
});

/** Until flushes wait for the one table, with rows of the other locked. */
const CAUGHT_AFTER_MS = 80;

/**
 * Somebody locks in another order than the engine, whose statement is stopped for it. The one case in which it must be
 * tried again by itself: where transactions are read committed, serialization failures cannot occur.
 */
export const deadlocks = ({ site }: TroubleParts): Trouble => ({
  name: 'deadlocks',
  isBrief: false,
  async strike() {
    const before = site.logged('deadlock detected');
    const session = await site.session();
    await session.query('begin');
    // So that it is the others who notice.
    await session.query("set local deadlock_timeout = '10s'; set local lock_timeout = '3s'");
    await session.query(`lock table ${SCHEMA}.journal in share row exclusive mode`);
    await pause(CAUGHT_AFTER_MS);
    await session.query(`select from ${SCHEMA}.run where owner is not null for update`).catch(() => {});
    await session.query('rollback');
    await session.end();
    return site.logged('deadlock detected') > before;
  },
});

const FULL_MS = 1_200;
const AT_ONCE = 5;

/** Others take all connections that the server has, just when the engines need new ones. */
export const crowds = ({ site, witness }: TroubleParts): Trouble => ({
  name: 'servers without a connection left',
  isBrief: false,
  async strike() {
    const refused = refusalsSince(witness);
    const crowd: Client[] = [];
    const join = async () => {
      const member = await site.session().catch(() => null);
      if (member === null) await pause(10);
      else crowd.push(member);
    };
    const until = Date.now() + FULL_MS;
    site.proxy.cut();
    site.listenProxy.cut();
    while (Date.now() < until) await Promise.all(Array.from({ length: AT_ONCE }, join));
    await Promise.all(crowd.map((member) => member.end()));
    return seen(() => refused('no connection left'), 1_000);
  },
});

const READING_MS = { least: 3_000, most: 6_000 };
/** So many transactions at least whose dead rows nobody may take away. */
const PINNED = 100;

/** Somebody reads for long, so that no row that has died since can be vacuumed away. */
export const longReaders = ({ site, chance }: TroubleParts): Trouble => ({
  name: 'readers that pin vacuum',
  isBrief: false,
  async strike() {
    const reader = await site.session();
    const count = async () =>
      (await reader.query<{ runs: string }>(`select count(*) as runs from ${SCHEMA}.run`)).rows[0]!.runs;
    await reader.query('begin isolation level repeatable read');
    const before = await count();
    await pause(chance.between(READING_MS.least, READING_MS.most));
    await site.ask(`vacuum ${SCHEMA}.run`);
    const [pinned] = await site.ask<{ age: number }>(
      "select max(age(backend_xmin)) as age from pg_stat_activity where state = 'idle in transaction'",
    );
    if ((await count()) !== before) throw new Error('a reader saw two states of the store');
    await reader.end();
    return pinned!.age > PINNED;
  },
});

const QUIET_MS = 12_000;

/**
 * Nothing befalls the server until a worker that was stopped for longer than its lease goes on, and writes what is not
 * its own any more: it must not be kept from that by a connection that is gone.
 */
export const zombies = ({ witness }: TroubleParts): Trouble => ({
  name: 'times that a worker which had been stopped was refused',
  isBrief: false,
  strike() {
    const before = witness.lateCommitsRefused();
    return seen(() => witness.lateCommitsRefused() > before, QUIET_MS);
  },
});
