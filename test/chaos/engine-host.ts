import { setTimeout as wait } from 'node:timers/promises';
import type { Chance } from '../simulation/chance.ts';
import { startProgram, type Child } from './child-process.ts';
import type { End, Post, Span } from './store.ts';

/** If no body begins for so long, the engine is killed without one. */
const PATIENCE_MS = 2_000;
const SLOWEST_PACE = 4;
/** What it does after it was stopped, until it is killed. */
const LATE_MS: Span = { least: 300, most: 900 };
/** An engine that is asked to leave has a second or two of work to do. */
const LEAVES_WITHIN_MS = 15_000;

export interface Deeds {
  kills: number;
  killsInStartup: number;
  killsWhileStopped: number;
  stops: number;
  /** Results that users were told while an engine was stopped. */
  toldWhileStopped: number;
  farewells: number;
  /** Engines that could not open their store yet, and tried again. */
  opensRefused: number;
  /** Workers that gave their runs back because the store refused them something, and began anew. */
  workersSetBack: number;
  /** What went wrong with a store where nobody asked it for anything. */
  storeFailures: number;
  leasesLost: number;
  commitsRefused: number;
  /** Those of them that came from an engine that had been stopped. */
  lateCommitsRefused: number;
}

/** What an engine says that nobody has asked it for. */
export type EngineSays =
  | { readonly refused: 'open' | 'worker' | 'store'; readonly code: string | null; readonly message: string }
  | { readonly commitsRefused: number };

export interface HostParts {
  readonly post: Post;
  readonly ledgerPort: number;
  readonly chance: Chance;
  /** Numbers the lives of all posts. */
  readonly nextLife: () => number;
  /** Resolves when the next body begins in this life. */
  readonly nextBody: (life: number) => Promise<unknown>;
  /** Results that users were told so far. */
  readonly told: () => number;
  /** Whether the store may refuse something with this code just now. */
  readonly mayRefuse: (code: string | null) => boolean;
  readonly wasRefused: (message: string) => void;
  /** Whoever ends the engine if this process cannot. */
  readonly guard: (word: 'alive' | 'dead', pid: number) => void;
}

/** Keeps one engine alive, and kills it. */
export class EngineHost {
  readonly post: Post;
  readonly deeds: Deeds = {
    kills: 0,
    killsInStartup: 0,
    killsWhileStopped: 0,
    stops: 0,
    toldWhileStopped: 0,
    farewells: 0,
    opensRefused: 0,
    workersSetBack: 0,
    storeFailures: 0,
    leasesLost: 0,
    commitsRefused: 0,
    lateCommitsRefused: 0,
  };
  /** The ways in which lives have ended here. */
  readonly ways = new Set<End>();
  /** What engines wrote to standard error, and were refused without a reason. */
  readonly complaints: string[] = [];
  readonly #parts: HostParts;
  /** Numbers of its lives among those of all posts. */
  readonly #lives: number[] = [];
  #wasStopped = false;
  #shortestStartMs: number;
  #current: Child;
  #pace = 1;
  /** Settled when the engine that is alive now cannot open its store. */
  #openRefused = Promise.withResolvers<null>();

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.post = parts.post;
    this.#shortestStartMs = parts.post.usualStartMs;
    this.#current = this.#begin(parts.post.address);
  }

  /** Those of the engines that have been started here. */
  get lives(): readonly number[] {
    return this.#lives;
  }

  /** Port of the engine that is alive now; null: it did not get so far. */
  get port(): Promise<number | null> {
    return this.#current.port;
  }

  /** Ends engines and starts others until it is enough, and leaves one that lives. */
  async torment(isEnough: () => Promise<boolean>): Promise<void> {
    const { ends, address, soundAddress } = this.post;
    while (!(await isEnough())) {
      const end = ends[(this.#lives.length - 1) % ends.length]!;
      await this.#live(end);
      await (end === 'farewell' ? this.#sayFarewell() : this.kill());
      this.ways.add(end);
      this.#current = this.#begin(address);
    }
    if (soundAddress === undefined) return;
    await this.kill();
    this.#current = this.#begin(soundAddress);
  }

  /** One life up to the moment of its end. */
  async #live(end: End): Promise<void> {
    const { chance, nextBody, post } = this.#parts;
    if (end === 'startup') return this.#startUp();
    const begunAt = Date.now();
    const isReady = await Promise.race([this.#current.port, this.#openRefused.promise]);
    if (isReady !== null) this.#tookToStart(Date.now() - begunAt);
    await this.#wait(chance.between(post.lifeMs.least, post.lifeMs.most));
    if (end === 'body') await Promise.race([nextBody(this.#lives.at(-1)!), this.#wait(PATIENCE_MS)]);
    if (end === 'stop') await this.#stop();
  }

  #tookToStart(ms: number): void {
    this.#shortestStartMs = Math.min(this.#shortestStartMs, ms);
    this.#pace = Math.min(Math.max(ms / this.post.usualStartMs, 1), SLOWEST_PACE);
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
    const { chance, told, nextBody } = this.#parts;
    const { process: engine } = this.#current;
    // What the body gives is there when it goes on.
    if (chance.happens(0.7)) await Promise.race([nextBody(this.#lives.at(-1)!), this.#wait(PATIENCE_MS)]);
    const before = told();
    engine.kill('SIGSTOP');
    this.#wasStopped = true;
    this.deeds.stops++;
    await this.#wait(chance.between(this.post.stopMs.least, this.post.stopMs.most));
    this.deeds.toldWhileStopped += told() - before;
    if (chance.happens(0.3)) {
      this.deeds.killsWhileStopped++;
      return;
    }
    engine.kill('SIGCONT');
    await this.#wait(chance.between(LATE_MS.least, LATE_MS.most));
  }

  async #sayFarewell(): Promise<void> {
    const { process: engine, ended } = this.#current;
    engine.kill('SIGTERM');
    await Promise.race([ended, wait(LEAVES_WITHIN_MS * this.#pace, null, { ref: false })]);
    if (engine.exitCode !== 0) {
      this.complaints.push(`${this.post.name} was asked to leave, and did not: code ${engine.exitCode}`);
      return this.kill();
    }
    this.deeds.farewells++;
    this.#parts.guard('dead', engine.pid!);
  }

  async kill(): Promise<void> {
    const { process: engine, ended } = this.#current;
    if (engine.exitCode !== null)
      this.complaints.push(`${this.post.name} ended by itself, code ${engine.exitCode}`);
    engine.kill('SIGKILL');
    await ended;
    if (engine.signalCode === 'SIGKILL') this.deeds.kills++;
    this.#parts.guard('dead', engine.pid!);
  }

  #begin(address: string): Child {
    const { ledgerPort, guard, nextLife, post } = this.#parts;
    this.#openRefused = Promise.withResolvers();
    this.#wasStopped = false;
    const life = nextLife();
    this.#lives.push(life);
    const lease = post.leaseMs === null ? 'none' : post.leaseMs * this.#pace;
    const clockOff = this.#lives.length % 2 === 0 ? -post.clockOffMs : post.clockOffMs;
    const child = startProgram(
      './engine.ts',
      [address, ledgerPort, life, lease, clockOff],
      (said) => this.#heard(said as EngineSays),
      (line) => void this.complaints.push(`${post.name}: ${line}`),
    );
    guard('alive', child.process.pid!);
    return child;
  }

  #heard(said: EngineSays): void {
    const { deeds } = this;
    if ('commitsRefused' in said) {
      deeds.commitsRefused += said.commitsRefused;
      if (this.#wasStopped) deeds.lateCommitsRefused += said.commitsRefused;
      return;
    }
    const { refused, code, message } = said;
    if (refused === 'open') this.#openRefused.resolve(null);
    // Stops are longer than the lease, and so may be the pauses of a machine that has much to do.
    if (refused === 'worker' && message.includes('has lost its lease')) {
      deeds.leasesLost++;
      return;
    }
    this.#parts.wasRefused(message);
    if (!this.#mayRefuse(code, message))
      this.complaints.push(`${this.post.name}, ${refused}: ${code} ${message}`);
    else if (refused === 'worker') deeds.workersSetBack++;
    else if (refused === 'store') deeds.storeFailures++;
    else deeds.opensRefused++;
  }

  #mayRefuse(code: string | null, message: string): boolean {
    if (this.#parts.mayRefuse(code)) return true;
    // What is wrong with its address may be felt at any time; and one that was stopped finds that it has waited too long.
    const isUnsound = this.post.soundAddress !== undefined;
    return code === 'STORE_FAILED' && (isUnsound || (this.#wasStopped && message.includes('for too long')));
  }
}
