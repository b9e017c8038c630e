import { Stepwell, StepwellError } from 'stepwell';
import { alteredStore, openSqliteReader, type Store, type StoreReader } from 'stepwell/engine';
import { openPostgresProbe } from '../doctor/postgres/probe.ts';

/** With a place of the artifacts, large values that are kept there are read from there. */
export interface ReaderOptions {
  readonly artifacts?: string;
}

/**
 * Opens a store to read it, and changes nothing in it: neither its lock nor the version of its tables.
 * @throws StepwellError `STORE_…`
 */
export async function openReader(address: string, options: ReaderOptions = {}): Promise<StoreReader> {
  const path = /^sqlite:(.+)$/.exec(address)?.[1];
  if (path !== undefined) {
    const reader = openSqliteReader({ path, now: () => Date.now() });
    if (options.artifacts === undefined) return reader;
    return readThrough(
      await Stepwell.open({ store: withoutNews(reader), worker: false, ...options }),
      reader,
    );
  }
  if (/^postgres(ql)?:/.test(address)) await demandTables(address);
  return readThrough(await Stepwell.open({ store: address, worker: false, ...options }));
}

/** The store as an engine without a worker has it. */
function readThrough(well: Stepwell, reader?: StoreReader): StoreReader {
  return alteredStore<StoreReader>(well.parts.store, {
    close: async () => {
      await well.close();
      await reader?.close();
    },
  });
}

/** An engine without a worker asks a store for nothing else than what a reader has, but for the news. */
function withoutNews(reader: StoreReader): Store {
  return alteredStore<Store>(reader as Store, { subscribe: () => () => {} });
}

/** To open it makes tables, and brings old ones up to date: that is for an engine to do. */
async function demandTables(address: string): Promise<void> {
  const probe = await openPostgresProbe(address);
  try {
    const { version, newest } = await probe.tables();
    if (version === newest) return;
    throw new StepwellError(
      'STORE_FAILED',
      version === 0
        ? `There is no store at ${probe.shown}. Check the address and the schema.`
        : `The tables of ${probe.shown} have version ${version}; this Stepwell reads version ${newest}. Open it once with an engine of this Stepwell, or read it with the one that wrote it.`,
    );
  } finally {
    await probe.close();
  }
}
