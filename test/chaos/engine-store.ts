import { setTimeout as wait } from 'node:timers/promises';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { realSystem } from '../../packages/stepwell/src/client/system.ts';
import { openStore } from '../../packages/stepwell/src/client/open-store.ts';
import { openWithQuota } from './quota.ts';

/** So that a worker that was stopped writes before it is told that it has lost its lease. */
const HEARTBEAT_ANSWERED_AFTER_MS = 100;

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
  if (isShared(address)) answerHeartbeatsLate(store);
  return store;
}

async function openAt(address: string, onError: Heard['failed']): Promise<Store> {
  if (address.startsWith(WITH_QUOTA)) return openWithQuota(address.slice(WITH_QUOTA.length));
  return openStore(address, realSystem, onError);
}

/** Whether several engines have it open. */
const isShared = (address: string) => address.startsWith('postgres:');

function answerHeartbeatsLate(store: Store): void {
  const heartbeat = store.heartbeat.bind(store);
  store.heartbeat = async (...renewal) => {
    const isKept = await heartbeat(...renewal);
    await wait(HEARTBEAT_ANSWERED_AFTER_MS);
    return isKept;
  };
}
