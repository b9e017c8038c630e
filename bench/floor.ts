/** What both the floor and a workflow's ctx can do: run a body and keep its result. */
export type Step = <T>(name: string, body: () => Promise<T>) => Promise<T>;

/** One row of the journal: what one run has to say at one moment. */
export interface FloorCommit {
  readonly run: number;
  readonly position: number;
  readonly at: number;
  /** As the text of a JSON array. */
  readonly events: string;
}

interface Activation {
  readonly run: number;
  position: number;
  /** Events since the last commit, as JSON texts. */
  events: string[];
  /** What may begin only once those events are durable. */
  effects: (() => unknown)[];
  /** Its run belongs to somebody else. */
  dropped: boolean;
  readonly drop: (error: Error) => void;
}

/**
 * The limit that the engine is measured against: rules 3, 5 and 6 of the design, and nothing else.
 * 3. The journal is the lock: a commit whose (run, position) is taken is refused, the others of its batch stand.
 * 5. Optimistic delivery, durable before effect: a step's result goes to the function at once; the next body begins,
 *    and the caller hears of the end, only when the commit that says so is on the disk.
 * 6. Group commit: all that the runs have to say in one turn of the event loop, or while a write is under way, is one
 *    transaction.
 */
export abstract class Floor {
  #dirty: Activation[] = [];
  #isFlushDue = false;
  #runs = 0;

  /** Appends the commits in one transaction. Of each: whether it was stored. */
  protected abstract append(commits: readonly FloorCommit[]): boolean[] | Promise<boolean[]>;
  abstract close(): void | Promise<void>;

  run<R>(fn: (step: Step) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const activation: Activation = {
        run: ++this.#runs,
        position: 0,
        events: [],
        effects: [],
        dropped: false,
        drop: reject,
      };
      const record = (event: object, effect?: () => unknown) => this.#record(activation, event, effect);
      const asked = new Map<string, number>();
      const step = <T>(name: string, body: () => Promise<T>) =>
        new Promise<T>((deliver, fail) => {
          const n = (asked.get(name) ?? 0) + 1;
          asked.set(name, n);
          const op = n === 1 ? name : `${name}#${n}`;
          const succeeded = (value: T) => {
            record({ type: 'operation.succeeded', op, value });
            deliver(value);
          };
          const failed = (error: Error) => {
            record({ type: 'operation.failed', op, error: String(error) });
            fail(error);
          };
          record({ type: 'operation.started', op, kind: 'step' }, () => body().then(succeeded, failed));
        });
      const returned = (output: R) => record({ type: 'run.succeeded', output }, () => resolve(output));
      const threw = (error: Error) =>
        record({ type: 'run.failed', error: String(error) }, () => reject(error));
      record({ type: 'run.activated' });
      fn(step).then(returned, threw);
    });
  }

  #record(activation: Activation, event: object, effect?: () => unknown): void {
    if (activation.dropped) return;
    if (activation.events.length === 0) this.#dirty.push(activation);
    activation.events.push(JSON.stringify(event));
    if (effect !== undefined) activation.effects.push(effect);
    this.#flushSoon();
  }

  /** The first to speak in this turn of the loop schedules the flush; by then every function is blocked again. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#dirty;
    this.#dirty = [];
    const at = Date.now();
    const effects: (() => unknown)[][] = [];
    const commits = batch.map((activation): FloorCommit => {
      const { run, position, events } = activation;
      effects.push(activation.effects);
      activation.position += events.length;
      activation.events = [];
      activation.effects = [];
      return { run, position, at, events: `[${events.join(',')}]` };
    });
    const settle = (stored: readonly boolean[]) => {
      this.#isFlushDue = false;
      if (this.#dirty.length > 0) this.#flushSoon();
      batch.forEach((activation, n) => {
        if (stored[n] === true) for (const effect of effects[n] ?? []) effect();
        else this.#drop(activation);
      });
    };
    const answer = this.append(commits);
    if (Array.isArray(answer)) settle(answer);
    else
      answer.then(settle, (error: Error) => {
        for (const activation of batch) activation.drop(error);
      });
  }

  #drop(activation: Activation): void {
    activation.dropped = true;
    activation.drop(new Error(`run ${activation.run} is lost: its position is taken`));
  }
}
