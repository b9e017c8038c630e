import { alteredStore } from '../store/altered.ts';
import type { Store } from '../store/contract.ts';

/** When the process dies, counted from the beginning of a life. */
export interface CrashPoint {
  /** `before`, `after`: around the n-th commit; `enter`, `leave`: around the n-th run of a body. */
  readonly at: 'before commit' | 'after commit' | 'before body' | 'after body';
  readonly n: number;
}

/** A moment at which a process can die, passed or not. */
export class CrashSwitch {
  readonly #point: CrashPoint | null;
  readonly #crash: () => void;
  readonly counts = { commits: 0, bodies: 0 };
  crashed = false;

  constructor(point: CrashPoint | null, crash: () => void) {
    this.#point = point;
    this.#crash = crash;
  }

  /** Passes a moment; if it is the one, the process dies here and never goes on. */
  async pass(at: CrashPoint['at'], n: number): Promise<void> {
    if (!this.crashed && this.#point?.at === at && this.#point.n === n) {
      this.crashed = true;
      this.#crash();
    }
    if (this.crashed) await new Promise<never>(() => {});
  }
}

/** A store as one process sees it that dies around one of its commits. */
export function crashingStore(store: Store, crash: CrashSwitch): Store {
  const commit: Store['commit'] = async (commits) => {
    const n = ++crash.counts.commits;
    await crash.pass('before commit', n);
    const answers = await store.commit(commits);
    await crash.pass('after commit', n);
    return answers;
  };
  return alteredStore(store, { commit });
}
