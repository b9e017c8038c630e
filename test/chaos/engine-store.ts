import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { realSystem } from '../../packages/stepwell/src/client/system.ts';
import { openStore } from '../../packages/stepwell/src/client/open-store.ts';
import { openWithQuota } from './quota.ts';

/** Before the path of a file. */
export const WITH_QUOTA = 'quota:';

interface Heard {
  /** What goes wrong where no caller hears of it. */
  readonly failed: (error: unknown) => void;
  /** So many commits of one call were refused. */
  readonly refused: (commits: number) => void;
}

/** In an engine's process: the store at an address, and what happens to it that its engine would keep to itself. */
export async function openEngineStore(address: string, heard: Heard): Promise<Store> {
  const store = await openAt(address, heard.failed);
  const commit = store.commit.bind(store);
  store.commit = async (commits) => {
    const answers = await commit(commits);
    const refused = answers.filter((answer) => answer === 'refused').length;
    if (refused > 0) heard.refused(refused);
    return answers;
  };
  return store;
}

async function openAt(address: string, onError: Heard['failed']): Promise<Store> {
  if (address.startsWith(WITH_QUOTA)) return openWithQuota(address.slice(WITH_QUOTA.length));
  if (address.startsWith('postgres:')) {
    const { openPostgresStore } = await import('../../packages/postgres/src/index.ts');
    return openPostgresStore({ url: address, onError });
  }
  return openStore(address, realSystem);
}
