import { fault, type Finding, warning, well } from '../finding.ts';
import type { PostgresProbe } from './probe.ts';

const OLDEST = 15;

interface Server {
  readonly version: number;
  readonly isolation: string;
  readonly standby: boolean;
  readonly settings: Readonly<Record<string, string>>;
}

/** What the server is, and how it is set for this user. */
export async function lookAtSettings(probe: PostgresProbe): Promise<Finding[]> {
  const server = await read(probe);
  return [
    lookAtVersion(server),
    lookAtWrites(server),
    lookAtIsolation(server),
    ...lookAtDurability(server),
    ...(await lookAtAutovacuum(probe, server)),
  ];
}

async function read(probe: PostgresProbe): Promise<Server> {
  const [server] = await probe.query<Server>(
    `select current_setting('server_version_num')::integer / 10000 as version,
      current_setting('transaction_isolation') as isolation, pg_is_in_recovery() as standby,
      (select json_object_agg(name, setting) from pg_settings where name in
        ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts', 'transaction_read_only')) as settings`,
  );
  const { settings } = server!;
  return { ...server!, settings: typeof settings === 'string' ? JSON.parse(settings) : settings };
}

function lookAtVersion({ version }: Server): Finding {
  if (version >= OLDEST) return well('POSTGRES_VERSION', `PostgreSQL ${version}`);
  return fault(
    'POSTGRES_VERSION',
    `This is PostgreSQL ${version}; Stepwell needs ${OLDEST} or newer.`,
    'Upgrade the server.',
  );
}

function lookAtWrites({ standby, settings }: Server): Finding {
  if (!standby && settings['transaction_read_only'] !== 'on')
    return well('POSTGRES_WRITES', 'The server takes writes');
  return standby
    ? fault(
        'POSTGRES_WRITES',
        'This server is a standby: it takes no writes.',
        'Give the address of the primary.',
      )
    : fault(
        'POSTGRES_WRITES',
        'Transactions of this user are read only.',
        'Set it off: alter role … set default_transaction_read_only = off.',
      );
}

function lookAtIsolation({ isolation }: Server): Finding {
  if (isolation === 'read committed') return well('POSTGRES_ISOLATION', 'Transactions are read committed');
  return fault(
    'POSTGRES_ISOLATION',
    `Transactions of this user are "${isolation}"; Stepwell needs "read committed".`,
    "Set it: alter role … set default_transaction_isolation = 'read committed'.",
  );
}

const LOSSES: Readonly<Record<string, string>> = {
  fsync: 'a crash of the machine can damage the whole database',
  full_page_writes: 'a crash of the machine can leave half-written pages',
  synchronous_commit: 'a crash can lose what was acknowledged: starts, events, results of steps',
};

function lookAtDurability({ settings }: Server): Finding[] {
  const off = Object.entries(LOSSES).filter(([name]) => settings[name] === 'off');
  if (off.length === 0)
    return [well('POSTGRES_DURABILITY', 'A commit is on the disk before it is acknowledged')];
  return off.map(([name, loss]) =>
    fault(
      'POSTGRES_DURABILITY',
      `${name} is off: ${loss}.`,
      name === 'synchronous_commit'
        ? 'Set it on, in the configuration of the server or for the user of the store.'
        : `Set ${name} = on in the configuration of the server.`,
    ),
  );
}

async function lookAtAutovacuum(probe: PostgresProbe, { settings }: Server): Promise<Finding[]> {
  const off = ['autovacuum', 'track_counts'].filter((name) => settings[name] === 'off');
  const tables = await probe.query<{ name: string }>(
    `select relname as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = $1 and reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off'] order by 1`,
    [probe.schema],
  );
  const findings = [
    ...off.map((name) => [`${name} is off`, `Set ${name} = on in the configuration of the server.`] as const),
    ...tables.map(
      ({ name }) =>
        [
          `autovacuum is off for the table ${probe.schema}.${name}`,
          `alter table ${probe.schema}.${name} reset (autovacuum_enabled)`,
        ] as const,
    ),
  ].map(([what, mend]) =>
    warning('POSTGRES_AUTOVACUUM', `${what}: dead rows pile up, and claims become slower and slower.`, mend),
  );
  return findings.length > 0 ? findings : [well('POSTGRES_AUTOVACUUM', 'Dead rows are cleared away')];
}
