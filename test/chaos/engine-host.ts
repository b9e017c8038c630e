import { setTimeout as wait } from 'node:timers/promises';
import type { Chance } from '../simulation/chance.ts';
import { startProgram, type Child } from './child-process.ts';

/** How lives end, in turn: at any moment, while it starts up, in the middle of a body, around a stop. */
const ENDS = ['sometime', 'startup', 'body', 'stop'] as const;
/** If no body begins for so long, the engine is killed without one. */
const PATIENCE_MS = 2_000;
const LIFE_MS = { least: 150, most: 1_200 };
const STOP_MS = { least: 50, most: 900 };
/** Stops are longer than this, most of them. */
const LEASE_MS = 300;
/** What it takes an engine to get ready. Where it takes longer, all else does too, and all these times are longer. */
const USUAL_START_MS = 800;
const SLOWEST_PACE = 4;

export interface Deeds {
  kills: number;
  killsInStartup: number;
  killsWhileStopped: number;
  stops: number;
  /** Engines that could not open their store yet, and tried again. */
  opensRefused: number;
  /** Workers that gave their runs back because the store refused them something, and began anew. */
  workersSetBack: number;
  leasesLost: number;
}

/** What an engine says that nobody has asked it for. */
export type EngineSays = {
  readonly refused: 'open' | 'worker';
  readonly code: string | null;
  readonly message: string;
};

export interface HostParts {
  readonly address: string;
  readonly ledgerPort: number;
  readonly chance: Chance;
  /** Resolves when the next body begins. */
  readonly nextBody: () => Promise<unknown>;
  /** Whether the store may refuse something with this code just now. */
  readonly mayRefuse: (code: string | null) => boolean;
  /** Whoever ends the engine if this process cannot. */
  readonly guard: (word: 'alive' | 'dead', pid: number) => void;
}

/** Keeps one engine alive, and kills it. */
export class EngineHost {
  readonly deeds: Deeds = {
    kills: 0,
    killsInStartup: 0,
    killsWhileStopped: 0,
    stops: 0,
    opensRefused: 0,
    workersSetBack: 0,
    leasesLost: 0,
  };
  /** What engines wrote to standard error, and were refused without a reason. */
  readonly complaints: string[] = [];
  readonly #parts: HostParts;
  #lives = 0;
  #shortestStartMs = Number.POSITIVE_INFINITY;
  #current: Child;
  #pace = 1;
  /** Settled when the engine that is alive now cannot open its store. */
  #openRefused = Promise.withResolvers<null>();

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#current = this.#begin();
  }

  /** Engines that have been started. */
  get lives(): number {
    return this.#lives;
  }

  /** Port of the engine that is alive now; null: it did not get so far. */
  get port(): Promise<number | null> {
    return this.#current.port;
  }

  /** Kills and restarts until it is enough, in each way at least once, and leaves a living engine. */
  async torment(isEnough: () => Promise<boolean>): Promise<void> {
    while (this.#lives <= ENDS.length || !(await isEnough())) {
      await this.#live(ENDS[(this.#lives - 1) % ENDS.length]!);
      await this.kill();
      this.#current = this.#begin();
    }
  }

  /** One life up to the moment of its death. */
  async #live(end: (typeof ENDS)[number]): Promise<void> {
    const { chance, nextBody } = this.#parts;
    if (end === 'startup') return this.#startUp();
    const begunAt = Date.now();
    const isReady = await Promise.race([this.#current.port, this.#openRefused.promise]);
    if (isReady !== null) this.#tookToStart(Date.now() - begunAt);
    await this.#wait(chance.between(LIFE_MS.least, LIFE_MS.most));
    if (end === 'body') await Promise.race([nextBody(), this.#wait(PATIENCE_MS)]);
    if (end === 'stop') await this.#stop();
  }

  #tookToStart(ms: number): void {
    this.#shortestStartMs = Math.min(this.#shortestStartMs, ms);
    this.#pace = Math.min(Math.max(ms / USUAL_START_MS, 1), SLOWEST_PACE);
  }

  #wait(ms: number): Promise<unknown> {
    return wait(ms * this.#pace);
  }

  async #startUp(): Promise<void> {
    let isReady = false;
    void this.#current.port.then(() => {
      isReady = true;
    });
    await wait(this.#parts.chance.number() * this.#shortestStartMs);
    if (!isReady) this.deeds.killsInStartup++;
  }

  async #stop(): Promise<void> {
    const { chance } = this.#parts;
    const { process: engine } = this.#current;
    engine.kill('SIGSTOP');
    this.deeds.stops++;
    await this.#wait(chance.between(STOP_MS.least, STOP_MS.most));
    if (chance.happens(0.3)) {
      this.deeds.killsWhileStopped++;
      return;
    }
    engine.kill('SIGCONT');
    await this.#wait(chance.between(0, LIFE_MS.least));
  }

  async kill(): Promise<void> {
    const { process: engine, ended } = this.#current;
    if (engine.exitCode !== null) this.complaints.push(`the engine ended by itself, code ${engine.exitCode}`);
    engine.kill('SIGKILL');
    await ended;
    if (engine.signalCode === 'SIGKILL') this.deeds.kills++;
    this.#parts.guard('dead', engine.pid!);
  }

  #begin(): Child {
    const { address, ledgerPort, guard } = this.#parts;
    this.#openRefused = Promise.withResolvers();
    const child = startProgram(
      './engine.ts',
      [address, ledgerPort, ++this.#lives, LEASE_MS * this.#pace],
      (said) => this.#heard(said as EngineSays),
      (line) => void this.complaints.push(line),
    );
    guard('alive', child.process.pid!);
    return child;
  }

  #heard({ refused, code, message }: EngineSays): void {
    // Stops are longer than the lease, and so may be the pauses of a machine that has much to do.
    if (refused === 'worker' && message.includes('has lost its lease')) this.deeds.leasesLost++;
    else if (!this.#parts.mayRefuse(code)) this.complaints.push(`${refused}: ${code} ${message}`);
    else if (refused === 'worker') this.deeds.workersSetBack++;
    else this.deeds.opensRefused++;
    if (refused === 'open') this.#openRefused.resolve(null);
  }
}
