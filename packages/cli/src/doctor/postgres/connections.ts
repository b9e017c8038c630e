import { isStepwellError } from 'stepwell';
import { formatDuration } from '../../terminal/duration.ts';
import { fault, type Finding, warning, well } from '../finding.ts';
import type { PostgresProbe } from './probe.ts';

/** A notification takes less than a millisecond; the news of a store are waited for in vain after this (ms). */
const PATIENCE = 2_000;
/** All workers go by the database's clock; beyond this people and logs are misled (ms). */
const CLOCK_DIFFERENCE = 5_000;

/** @param now milliseconds since 1970, by this machine */
export async function lookAtConnections(probe: PostgresProbe, now: () => number): Promise<Finding[]> {
  return [await lookAtRoom(probe), await lookAtNotifications(probe), await lookAtClock(probe, now)];
}

async function lookAtRoom({ query, connections }: PostgresProbe): Promise<Finding> {
  const [row] = await query<{ most: number; used: number }>(
    `select current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer as most,
      (select count(*)::integer from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()) as used`,
  );
  const { most, used } = row!;
  const wanted = connections + 1;
  const free = most - used;
  const what = `${used} of ${most} connections are in use; a process with a store takes up to ${wanted}`;
  if (free >= 2 * wanted) return well('POSTGRES_CONNECTIONS', what);
  const mend =
    'Raise max_connections, or open stores with fewer: postgres://…?connections=5; or put a pooler in front, with listen_url past it.';
  return free < wanted
    ? fault('POSTGRES_CONNECTIONS', `${what}: the next one will be refused some.`, mend)
    : warning('POSTGRES_CONNECTIONS', `${what}: there is room for one more.`, mend);
}

async function lookAtNotifications({ hears }: PostgresProbe): Promise<Finding> {
  try {
    if (await hears(PATIENCE)) return well('POSTGRES_NOTIFICATIONS', 'A notification arrives');
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    const mend = 'Correct the address for listening, listen_url.';
    return fault('POSTGRES_NOTIFICATIONS', `Nobody can listen: ${error.message}`, mend);
  }
  return fault(
    'POSTGRES_NOTIFICATIONS',
    `A notification did not arrive within ${PATIENCE / 1000} s: a pooler that gives connections for one transaction (PgBouncer) keeps no listener. Workers hear of new work only when they look for it.`,
    'Give the address of the database itself for listening: postgres://pooler/db?listen_url=postgres://database/db.',
  );
}

async function lookAtClock({ query }: PostgresProbe, now: () => number): Promise<Finding> {
  const before = now();
  const [row] = await query<{ time: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::double precision as time',
  );
  const after = now();
  // The answer was made at some moment between the two.
  const difference = Math.max(0, before - row!.time, row!.time - after);
  const what = `the clock of this machine and that of the database differ by ${formatDuration(difference)}`;
  if (difference <= CLOCK_DIFFERENCE) return well('POSTGRES_CLOCK', what);
  return warning(
    'POSTGRES_CLOCK',
    `${what}: all times of runs are those of the database.`,
    'Let both machines take their time from the network (NTP).',
  );
}
