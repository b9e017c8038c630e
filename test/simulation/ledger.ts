import type { SimProcess } from './sim-process.ts';
import type { Violations } from './violation.ts';
import type { WatchedStore } from './watched-store.ts';

/** Kept outside of all processes: which bodies were begun, and which took effect, by idempotency key. */
export class Ledger {
  /** Bodies begun by a process that had lost the run: it cannot know, and what it does is refused afterwards. */
  zombies = 0;
  begun = 0;
  readonly #store: WatchedStore;
  readonly #violations: Violations;
  readonly #begunByKey = new Map<string, number>();
  readonly #begunAttempts = new Map<string, number>();
  readonly #effects = new Set<string>();

  constructor(store: WatchedStore, violations: Violations) {
    this.#store = store;
    this.#violations = violations;
  }

  /**
   * A body begins.
   * @throws Violation if its attempt is not on record, was begun before, or comes after the operation's end
   */
  begin(process: SimProcess, key: string, attempt: number): void {
    const { run, op } = placeOf(key);
    const journal = this.#store.journalOf(run);
    const recorded = this.#store.recorded(run, op, attempt);
    const begun = (this.#begunAttempts.get(`${run}/${op} ${attempt}`) ?? 0) + 1;
    this.#begunAttempts.set(`${run}/${op} ${attempt}`, begun);
    const what = `the body of "${key}" was begun by ${process.name} as attempt ${attempt}`;
    if (recorded === 0) this.#violations.report(`${what}, which is not on record`);
    if (begun > recorded)
      this.#violations.report(`${what}, ${begun} times; it is on record ${recorded} times`);
    if (this.#store.ownerOf(run) !== process.worker) this.zombies++;
    else if (journal!.isSettled(op)) this.#violations.report(`${what}, though "${op}" had ended`);
    this.#begunByKey.set(key, this.begunOf(key) + 1);
    this.begun++;
  }

  effect(key: string): void {
    this.#effects.add(key);
  }

  /** How many bodies of a key have begun. */
  begunOf(key: string): number {
    return this.#begunByKey.get(key) ?? 0;
  }

  /** Keys under which something took effect outside. */
  get effects(): ReadonlySet<string> {
    return this.#effects;
  }

  hasEffect(key: string): boolean {
    return this.#effects.has(key);
  }
}

/** `run/op`, or `run/op~n` after the step was undone. */
function placeOf(key: string): { run: string; op: string } {
  const slash = key.indexOf('/');
  return { run: key.slice(0, slash), op: key.slice(slash + 1).replace(/~\d+$/, '') };
}
