import { setTimeout as wait } from 'node:timers/promises';
import type { Chance } from '../simulation/chance.ts';
import { startProgram, type Child } from './child-process.ts';

/** How lives end, in turn: at any moment, while it starts up, in the middle of a body, around a stop. */
const ENDS = ['sometime', 'startup', 'body', 'stop'] as const;
/** If no body begins for so long, the engine is killed without one. */
const PATIENCE_MS = 2_000;
const LIFE_MS = { least: 150, most: 1_200 };
const STOP_MS = { least: 50, most: 900 };

export interface Deeds {
  kills: number;
  killsInStartup: number;
  killsWhileStopped: number;
  stops: number;
}

export interface HostParts {
  readonly path: string;
  readonly ledgerPort: number;
  readonly chance: Chance;
  /** Resolves when the next body begins. */
  readonly nextBody: () => Promise<unknown>;
  /** Whoever ends the engine if this process cannot. */
  readonly guard: (word: 'alive' | 'dead', pid: number) => void;
}

/** Keeps one engine alive, and kills it. */
export class EngineHost {
  readonly deeds: Deeds = { kills: 0, killsInStartup: 0, killsWhileStopped: 0, stops: 0 };
  /** What engines wrote to standard error. */
  readonly complaints: string[] = [];
  readonly #parts: HostParts;
  #lives = 0;
  #shortestStartMs = Number.POSITIVE_INFINITY;
  #current: Child;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#current = this.#begin();
  }

  /** Port of the engine that is alive now; null: it did not get so far. */
  get port(): Promise<number | null> {
    return this.#current.port;
  }

  /** Kills and restarts until then, in each way at least once, and leaves a living engine. */
  async torment(until: number): Promise<void> {
    while (Date.now() < until || this.#lives <= ENDS.length) {
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
    await this.#current.port;
    this.#shortestStartMs = Math.min(this.#shortestStartMs, Date.now() - begunAt);
    await wait(chance.between(LIFE_MS.least, LIFE_MS.most));
    if (end === 'body') await Promise.race([nextBody(), wait(PATIENCE_MS)]);
    if (end === 'stop') await this.#stop();
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
    await wait(chance.between(STOP_MS.least, STOP_MS.most));
    if (chance.happens(0.3)) {
      this.deeds.killsWhileStopped++;
      return;
    }
    engine.kill('SIGCONT');
    await wait(chance.between(0, LIFE_MS.least));
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
    const { path, ledgerPort, guard } = this.#parts;
    const child = startProgram(
      './engine.ts',
      [path, ledgerPort, ++this.#lives],
      () => {},
      (line) => void this.complaints.push(line),
    );
    guard('alive', child.process.pid!);
    return child;
  }
}
