import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { resultCodeOf } from '../../packages/stepwell/src/store/sqlite/errors.ts';
import type { Chance } from '../simulation/chance.ts';
import type { Disk } from './disk.ts';
import type { Adversity, Witness } from './store.ts';

export interface FullDiskParts {
  readonly disk: Disk;
  readonly path: string;
  readonly chance: Chance;
  readonly witness: Witness;
}

const LEAST_TIMES = 2;
/** So often it is tried to see all that there is to be seen, if chance is against it. */
const MOST_TIMES_MORE = 10;
const ROOM_MS = { least: 200, most: 1_500 };
const FULL_MS = { least: 50, most: 700 };
/** The log may have 16 MB to write in before it has to grow, so a full disk is not felt at once. */
const FELT_WITHIN_MS = 20_000;
const RESTARTED_WITHIN_MS = 20_000;
const GOES_ON_WITHIN_MS = 30_000;
const LOOK_MS = 20;
/** The result code of SQLite. */
const FULL = 13;

/** Fills the disk again and again, and sees to it that it is felt each time, and that all goes on after it. */
export class FullDisk implements Adversity {
  readonly name: string;
  readonly surprises: string[] = [];
  isStriking = false;
  readonly #parts: FullDiskParts;
  #freedAt = 0;
  #times = 0;
  #restarts = 0;
  #failedCheckpoints = 0;
  #recoveries = 0;

  constructor(parts: FullDiskParts) {
    this.#parts = parts;
    this.name = `a disk that fills (${parts.disk.kind})`;
  }

  get figures(): Record<string, number> {
    return {
      'times that the disk was full': this.#times,
      'engines started on a full disk': this.#restarts,
      // Under a quota the file may not grow, but what is in the log can be worked into it.
      ...(this.#parts.disk.kind === 'tmpfs' && { 'checkpoints without room': this.#failedCheckpoints }),
      'times that all went on': this.#recoveries,
      'reads from it meanwhile': this.#parts.witness.readsWhileStruck(),
    };
  }

  explains(code: string | null, since: number): boolean {
    return code === 'STORE_FULL' && (this.isStriking || since <= this.#freedAt + this.#parts.disk.lagMs);
  }

  readonly refusesReads = false;

  leavesOpen(): boolean {
    return false;
  }

  async strike(until: number): Promise<void> {
    const { chance, witness } = this.#parts;
    await this.#seen(() => witness.acknowledged().length > 0, GOES_ON_WITHIN_MS);
    for (let more = 0; Date.now() < until || (more < MOST_TIMES_MORE && !this.#hasShownAll()); more++) {
      await wait(chance.between(ROOM_MS.least, ROOM_MS.most));
      await this.#once();
      if (this.surprises.length > 0) return;
      if (Date.now() < until) more = 0;
    }
  }

  #hasShownAll(): boolean {
    const { witness } = this.#parts;
    const seen = [witness.refusedCalls(), ...Object.values(this.figures)];
    return this.#times >= LEAST_TIMES && seen.every((figure) => figure > 0);
  }

  async #once(): Promise<void> {
    const { disk, chance, witness } = this.#parts;
    // Else the log may have much room left in which it can begin anew.
    if (chance.happens(0.7)) this.#checkpoint('truncate');
    const lives = witness.lives();
    this.isStriking = true;
    disk.fill();
    this.#times++;
    if (!(await this.#isFelt())) this.surprises.push('the disk was full, and nothing was refused');
    if (this.#times === 1 || chance.happens(0.5))
      await this.#seen(() => witness.lives() > lives, RESTARTED_WITHIN_MS);
    await this.#seen(() => false, chance.between(FULL_MS.least, FULL_MS.most));
    if (!this.#checkpoint('passive')) this.#failedCheckpoints++;
    this.#restarts += witness.lives() - lives;
    disk.free();
    this.isStriking = false;
    this.#freedAt = Date.now();
    if (await this.#goesOn()) this.#recoveries++;
    else this.surprises.push(`there was room again, and nothing went on for ${GOES_ON_WITHIN_MS} ms`);
  }

  #isFelt(): Promise<boolean> {
    const { refusals } = this.#parts.witness;
    const before = refusals().length;
    return this.#seen(() => refusals().length > before, FELT_WITHIN_MS);
  }

  #goesOn(): Promise<boolean> {
    const { acknowledged, told } = this.#parts.witness;
    const [starts, results] = [acknowledged().length, told()];
    return this.#seen(() => acknowledged().length > starts && told() > results, GOES_ON_WITHIN_MS);
  }

  /** Whether it is seen within that time; whatever becomes free on a full disk meanwhile is filled again. */
  async #seen(what: () => boolean, withinMs: number): Promise<boolean> {
    for (const end = Date.now() + withinMs; Date.now() < end; await wait(LOOK_MS)) {
      if (what()) return true;
      if (this.isStriking) this.#parts.disk.fill();
    }
    return what();
  }

  /** As a backup program might ask for it. False: there is no room for it. */
  #checkpoint(how: 'truncate' | 'passive'): boolean {
    const database = new DatabaseSync(this.#parts.path, { timeout: 0 });
    try {
      database.exec(`pragma wal_checkpoint(${how})`);
    } catch (error) {
      // What else there may be is that the engine, perhaps a stopped one, has it locked.
      if (resultCodeOf(error) === FULL) return false;
    } finally {
      database.close();
    }
    return true;
  }
}
