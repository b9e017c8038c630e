import { Stepwell, StepwellError } from 'stepwell';
import { openSqliteReader, type StoreReader } from 'stepwell/engine';
import { openPostgresProbe } from '../doctor/postgres/probe.ts';

/**
 * Opens a store to read it, and changes nothing in it: neither its lock nor the version of its tables.
 * @throws StepwellError `STORE_…`
 */
export async function openReader(address: string): Promise<StoreReader> {
  const path = /^sqlite:(.+)$/.exec(address)?.[1];
  if (path !== undefined) return openSqliteReader({ path, now: () => Date.now() });
  if (/^postgres(ql)?:/.test(address)) await demandTables(address);
  const well = await Stepwell.open({ store: address, worker: false });
  const { store } = well.parts;
  return new Proxy<StoreReader>(store, {
    get: (_, name) => {
      if (name === 'close') return () => well.close();
      const member: unknown = Reflect.get(store, name);
      return typeof member === 'function' ? (member.bind(store) as unknown) : member;
    },
  });
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
