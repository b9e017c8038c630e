/** A database for the shop. */
export interface ShopDatabase {
  /** As a store's address. */
  readonly url: string;
  /** For people: where it is, without a password. */
  readonly origin: string;
  /** Whether it is still there afterwards. */
  readonly isLasting: boolean;
  close(): Promise<void>;
}

/** The address that was given, as an option or as DATABASE_URL; undefined: only that it is to be PostgreSQL. */
export function givenAddress(store: string): string | undefined {
  return store === 'postgres' ? process.env['DATABASE_URL'] || undefined : store;
}

/** The database at that address as it is; without one, a server of our own that is gone when we are. */
export async function openDatabase(address: string | undefined): Promise<ShopDatabase> {
  if (address === undefined) return startOwnServer();
  return { url: address, origin: placeOf(address), isLasting: true, close: () => Promise.resolve() };
}

/** A database that nobody else has, deleted in the end. */
export async function openScratchDatabase(address: string | undefined): Promise<ShopDatabase> {
  if (address === undefined) return startOwnServer();
  const { createDatabase } = await import('../../../test/postgres/database.ts');
  const database = await createDatabase(address);
  const { url } = database;
  return { url, origin: placeOf(url), isLasting: false, close: () => database.drop() };
}

/** Found on this machine or installed: this is the one thing here that an application of yours would not do. */
async function startOwnServer(): Promise<ShopDatabase> {
  const { startPostgres } = await import('../../../test/postgres/server.ts');
  const server = await startPostgres();
  return { url: server.url, origin: server.origin, isLasting: false, close: () => server.close() };
}

function placeOf(address: string): string {
  const { host, pathname } = new URL(address);
  return `${host}${pathname}`;
}
