import { readFileSync } from 'node:fs';

/** One step from a store of the version before to a store of this one. Published migrations are never changed. */
export interface Migration {
  readonly version: number;
  readonly files: readonly string[];
}

/** Their numbers are those of SQLite's; this store was made when there were four. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    files: [
      'tables',
      'locks',
      'deliver',
      'end',
      'start',
      'append',
      'flush',
      'candidates',
      'claim',
      'workers',
      'find',
      'commits',
    ],
  },
  { version: 2, files: ['schedule'] },
  { version: 3, files: ['queue', 'set-queue'] },
  { version: 4, files: ['outcome'] },
  { version: 5, files: ['tags', 'feed', 'request', 'artifact'] },
  { version: 6, files: ['identity'] },
];

/**
 * Of functions that are called from here, and of those that they call. Their plans are made once, and not for the
 * statistics of that moment: a table that is nearly empty now may have a million rows a minute later. Each row is found
 * by its index, whatever the planner thinks.
 */
const SETTINGS = [
  'set search_path = {schema}, pg_catalog',
  'set plan_cache_mode = force_generic_plan',
  ...[
    'enable_seqscan',
    'enable_bitmapscan',
    'enable_hashjoin',
    'enable_mergejoin',
    'enable_material',
    'jit',
  ].map((name) => `set ${name} = off`),
].join(' ');

/** The SQL of a migration, for a schema. */
export function sqlOf({ version, files }: Migration, schema: string): string {
  return files
    .map((file) => readFileSync(new URL(`sql/${version}-${file}.sql`, import.meta.url), 'utf8'))
    .join('\n')
    .replaceAll('{settings}', SETTINGS)
    .replaceAll('{schema}', schema);
}
