import type { System } from '../engine/system.ts';
import { milliseconds, type Duration } from '../model/duration.ts';
import { Timers } from '../policy/timers.ts';
import { realSystem } from '../client/system.ts';
import { Random } from '../workflow/random.ts';

/** Turns of the event loop without work after which nothing more is expected. */
const QUIET_TURNS = 2;

interface Alarm {
  readonly ring: () => void;
  cancelled: boolean;
}

/**
 * A clock that stands still until it is moved, with the timers, ids and random numbers that belong to it: what an
 * engine needs from outside ({@link System}), the same in every test run.
 */
export class TestClock {
  readonly #alarms = new Timers<Alarm>(({ subject }) => !subject.cancelled);
  /** Rounds that nobody waits for: they ring late, when the clock comes by. */
  readonly #rounds = new Timers<Alarm>(({ subject }) => !subject.cancelled);
  readonly #random = new Random('stepwell/testing');
  #now: number;
  #soon = 0;
  #signs = 0;

  constructor(start: Date | number) {
    this.#now = Number(start);
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /** What an engine is opened with. */
  readonly system: System = {
    now: () => this.#now,
    random: () => this.#random.number(),
    uuid: () => this.#random.uuid(),
    settled: realSystem.settled,
    soon: (callback) => {
      this.#soon++;
      realSystem.soon(() => {
        this.#soon--;
        this.#signs++;
        callback();
      });
    },
    timer: (delay, callback, background) => {
      const alarm: Alarm = { ring: callback, cancelled: false };
      (background === undefined ? this.#alarms : this.#rounds).add(this.#now + delay, alarm);
      return () => {
        alarm.cancelled = true;
      };
    },
  };

  /** When the next timer rings that somebody waits for; null: there is none. */
  get next(): number | null {
    return this.#alarms.first()?.at ?? null;
  }

  /** Resolves when all that can happen at this time has happened, but for bodies of steps that wait for the real world. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const signs = this.#signs;
      await new Promise<void>((resolve) => realSystem.soon(resolve));
      quiet = this.#soon === 0 && this.#signs === signs ? quiet + 1 : 0;
    }
  }

  /** Moves the clock on; every timer on the way rings at its time, and what follows from it happens before the next one. */
  async advance(duration: Duration): Promise<void> {
    const until = this.#now + milliseconds(duration);
    await this.settle();
    while (this.next !== null && this.next <= until) await this.#moveTo(this.next);
    await this.#moveTo(until);
  }

  /** Moves the clock to the next timer that somebody waits for, and lets happen what follows from it. */
  async advanceToNext(): Promise<void> {
    if (this.next !== null) await this.#moveTo(this.next);
  }

  async #moveTo(time: number): Promise<void> {
    this.#now = Math.max(this.#now, time);
    for (const timers of [this.#rounds, this.#alarms]) {
      for (let alarm = timers.takeDue(this.#now); alarm !== null; alarm = timers.takeDue(this.#now))
        alarm.ring();
    }
    await this.settle();
  }
}
