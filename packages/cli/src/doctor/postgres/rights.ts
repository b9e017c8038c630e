import { fault, type Finding, well } from '../finding.ts';
import type { PostgresProbe } from './probe.ts';

/** Whether the user of the store may do what a store does, or make its tables if there are none. */
export async function lookAtPostgresRights({ query, schema }: PostgresProbe): Promise<Finding> {
  const [user] = await query<{ name: string; exists: boolean; usage: boolean; create: boolean }>(
    `select current_user as name, to_regnamespace($1) is not null as exists,
      coalesce(has_schema_privilege(to_regnamespace($1), 'usage'), false) as usage,
      has_database_privilege(current_database(), 'create') as create`,
    [schema],
  );
  const { name, exists, usage, create } = user!;
  const missing = !exists
    ? create
      ? []
      : ['make a schema in this database']
    : usage
      ? await missingInside(query, schema)
      : [`use the schema ${schema}`];
  if (missing.length === 0) return well('POSTGRES_RIGHTS', `The user ${name} may do all that a store does`);
  return fault(
    'POSTGRES_RIGHTS',
    `The user ${name} may not ${missing.join('; ')}.`,
    exists
      ? `As the owner: grant usage on schema ${schema} to ${name}; grant all on all tables in schema ${schema} to ${name}; grant all on all sequences in schema ${schema} to ${name}. New versions of the tables are made by their owner.`
      : `As an administrator: create schema ${schema} authorization ${name}.`,
  );
}

async function missingInside(query: PostgresProbe['query'], schema: string): Promise<string[]> {
  const rows = await query<{ what: string }>(
    `select right_ || ' ' || relname as what from pg_class
      join pg_namespace on pg_namespace.oid = relnamespace
      cross join unnest(array['select', 'insert', 'update', 'delete']) as right_
      where nspname = $1 and relkind in ('r', 'p') and not has_table_privilege(pg_class.oid, right_)
    union all
    select 'use the sequence ' || relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = $1 and case when relkind = 'S' then not has_sequence_privilege(pg_class.oid, 'usage') else false end
    union all
    select 'call ' || proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
      where nspname = $1 and not has_function_privilege(pg_proc.oid, 'execute')
    order by 1`,
    [schema],
  );
  const [first, ...others] = rows.map(({ what }) => what);
  if (first === undefined) return [];
  return others.length > 4
    ? [first, ...others.slice(0, 3), `and ${others.length - 3} more`]
    : [first, ...others];
}
