import { isDeepStrictEqual } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import type { Chance } from '../simulation/chance.ts';
import type { Driver } from './driver.ts';

const USERS = 12;
const READERS = 2;
const READ_EVERY_MS = 25;
/** By turns. */
const WANTED = ['trip', 'order', 'stay', 'trip', 'order', 'repair'] as const;

/** A run as whoever started it knows it. */
export interface Told {
  readonly id: string;
  readonly workflow: (typeof WANTED)[number];
  readonly n: number;
  /** What it was told of its result in the end; null: nothing yet. */
  outcome: Outcome | null;
  /** How often an operator's retry was acknowledged. */
  retries: number;
  /** Whether its cancel was acknowledged, and may have been asked for twice. */
  cancelled: 'once' | 'perhaps twice' | null;
}

export type Outcome = { ok: true; value: unknown } | { ok: false; message: string };

export const paymentOf = (id: string) => `paid for ${id}`;
export const isRefused = (n: number) => n % 5 === 0;
const paymentFor = (id: string) => ({ id, value: paymentOf(id) });
const numberOf = (id: string) => Number(/\d+/.exec(id)?.[0]);

/** Users who start runs, raise their events, complete their callbacks, cancel and retry, and ask until they are answered. */
export class Users {
  /** Runs whose start was acknowledged. */
  readonly acknowledged: Told[] = [];
  told = 0;
  completed = 0;
  reads = 0;
  /** That were answered from a store that is struck. */
  readsWhileStruck = 0;
  readonly #driver: Driver;
  readonly #chance: Chance;
  readonly #mend: (run: string) => Promise<unknown>;
  readonly #completing = new Map<string, Promise<void>>();
  #next = 0;

  /** @param mend what an operator does before a retry */
  constructor(driver: Driver, chance: Chance, mend: (run: string) => Promise<unknown>) {
    this.#driver = driver;
    this.#chance = chance;
    this.#mend = mend;
  }

  /** Begins new runs until it is over, and resolves when all of them have given their results. */
  async work(over: AbortSignal): Promise<void> {
    const user = async () => {
      while (!over.aborted) await this.#one(this.#next++);
    };
    await Promise.all(Array.from({ length: USERS }, user));
  }

  /** Looks at runs that there are, until it is over; `struck`: whether the store is struck just now. */
  async read(over: AbortSignal, struck: () => boolean): Promise<void> {
    const reader = async () => {
      for (; !over.aborted; await wait(READ_EVERY_MS)) {
        if (this.acknowledged.length === 0) continue;
        const before = struck();
        if (!(await this.#readOne(this.#chance.oneOf(this.acknowledged)))) continue;
        this.reads++;
        if (before && struck()) this.readsWhileStruck++;
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
  }

  /** Once for each callback, however often its id is handed over. */
  complete(callback: string, run: string): void {
    if (this.#completing.has(callback)) return;
    const path = isRefused(numberOf(run)) ? '/fail' : '/succeed';
    const call = this.#driver.acknowledge(path, { id: callback, value: run }, ['CALLBACK_COMPLETED']);
    this.#completing.set(
      callback,
      call.then(
        () => void this.completed++,
        () => {},
      ),
    );
  }

  async #one(n: number): Promise<void> {
    const workflow = WANTED[n % WANTED.length]!;
    const told: Told = { id: `${workflow}-${n}`, workflow, n, outcome: null, retries: 0, cancelled: null };
    const { id } = told;
    await this.#driver.acknowledge('/start', { id, workflow, n });
    this.acknowledged.push(told);
    if (workflow === 'order') await this.#driver.acknowledge('/raise', paymentFor(id), ['RUN_ENDED']);
    if (workflow === 'stay') await this.#cancel(told);
    if (workflow === 'repair') await this.#repair(told);
    told.outcome = await this.#resultOf(id);
    this.told++;
  }

  /** Pays before or after it has failed, and retries it until it does not fail any more. */
  async #repair(told: Told): Promise<void> {
    const { id } = told;
    for (let isPaid = false; ; ) {
      const raised = isPaid ? null : await this.#driver.ask('/raise', paymentFor(id));
      if (raised?.status === 200) isPaid = true;
      else if (raised !== null && (raised.body as { code: string }).code !== 'RUN_ENDED')
        this.#driver.surprises.push(`${id} was not paid: ${JSON.stringify(raised.body)}`);
      if ((await this.#resultOf(id)).ok) return;
      await this.#mend(id);
      const { status } = await this.#driver.acknowledge('/retry', { id }, ['RUN_NOT_FAILED']);
      if (status === 200) told.retries++;
    }
  }

  async #cancel(told: Told): Promise<void> {
    await wait(this.#chance.between(0, 200));
    const { isRepeated } = await this.#driver.acknowledge('/cancel', { id: told.id }, ['RUN_ENDED']);
    told.cancelled = isRepeated ? 'perhaps twice' : 'once';
  }

  async #resultOf(id: string): Promise<Outcome> {
    const { status, body } = await this.#driver.ask('/result', { id });
    return status === 200
      ? { ok: true, value: body }
      : { ok: false, message: (body as { message: string }).message };
  }

  async #readOne({ id, workflow }: Told): Promise<boolean> {
    const found = await this.#driver.read('/read', { id });
    if (found === null) return false;
    const { positions, ...run } = found as { workflow: string; positions: number[] };
    const isWhole = isDeepStrictEqual(
      positions,
      positions.map((_, n) => n),
    );
    if (run.workflow !== workflow || !isWhole)
      this.#driver.surprises.push(`${id} was read as ${JSON.stringify(found)}`);
    return true;
  }
}
