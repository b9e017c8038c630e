export { openPostgresStore } from './open.ts';
export type { PostgresStoreOptions } from './address.ts';
export { openProbe, type PostgresProbe } from './probe.ts';
