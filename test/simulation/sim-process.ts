import type { System } from '../../packages/stepwell/src/engine/system.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** What a call fails with whose process died: whoever waits for it asks another process. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

/**
 * One process of the simulated world, with a clock of its own.
 *
 *   running ◀──▶ paused (nothing of it happens; what was due happens when it goes on)
 *      └────────────┴──▶ dead (nothing of it ever happens again)
 */
export class SimProcess implements System {
  readonly name: string;
  readonly role: 'worker' | 'client';
  /** Rejects when the process dies. */
  readonly died: Promise<never>;
  /** Milliseconds by which its clock is wrong. */
  skew = 0;
  /** Under which id its engine owns runs at present. */
  worker: string | null = null;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #trace: Trace;
  readonly #roundsEvery: number;
  readonly #die: (error: ProcessDied) => void;
  #state: 'running' | 'paused' | 'dead' = 'running';
  #held: (() => void)[] = [];

  constructor(
    name: string,
    role: 'worker' | 'client',
    world: { scheduler: Scheduler; chance: Chance; trace: Trace; roundsEvery: number },
  ) {
    this.name = name;
    this.role = role;
    this.#scheduler = world.scheduler;
    this.#chance = world.chance.stream(`process ${name}`);
    this.#trace = world.trace;
    this.#roundsEvery = world.roundsEvery;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.died = promise;
    this.#die = reject;
  }

  get alive(): boolean {
    return this.#state !== 'dead';
  }

  get paused(): boolean {
    return this.#state === 'paused';
  }

  now(): number {
    return this.#scheduler.now + this.skew;
  }

  random(): number {
    return this.#chance.number();
  }

  uuid(): string {
    return this.#chance.uuid();
  }

  timer(delay: number, callback: () => void, background?: 'background'): () => void {
    return this.schedule(background === undefined ? delay : Math.max(delay, this.#roundsEvery), callback);
  }

  soon(callback: () => void): void {
    this.schedule(0, callback);
  }

  // A field, since the engine takes this one function out of its system and hands it on.
  readonly settled = (callback: () => void): void => {
    queueMicrotask(() => process.nextTick(() => this.alive && callback()));
  };

  /** Something that happens in this process, as soon after its time as the process runs. */
  schedule(delay: number, run: () => void): () => void {
    let cancelled = false;
    const happen = () => {
      if (cancelled || this.#state === 'dead') return;
      if (this.#state === 'paused') this.#held.push(happen);
      else run();
    };
    const cancel = this.#scheduler.after(delay, happen);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => void this.schedule(delay, resolve));
  }

  /** As SIGSTOP does, and SIGCONT after so long (ms). */
  pause(duration: number): void {
    if (this.#state !== 'running') return;
    this.#trace.write(this.name, 'is paused');
    this.#state = 'paused';
    this.#scheduler.after(duration, () => this.goOn());
  }

  goOn(): void {
    if (this.#state !== 'paused') return;
    this.#trace.write(this.name, 'goes on');
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const happen of held) this.#scheduler.after(0, happen);
  }

  /** The process ends here and now, whatever it was doing. */
  crash(why: string): void {
    if (!this.alive) return;
    this.#trace.write(this.name, `dies: ${why}`);
    this.#state = 'dead';
    this.#held = [];
    this.#die(new ProcessDied(`${this.name}: ${why}`));
  }
}
