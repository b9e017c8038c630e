import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** What both the floor and a workflow's ctx can do: run a body and keep its result. */
export type Step = <T>(name: string, body: () => Promise<T>) => Promise<T>;

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
 * The limit that the engine is measured against: rules 3, 5 and 6 of the design on node:sqlite, and nothing else.
 * 3. The journal is the lock: a commit whose (run, position) is taken is refused, the others of its batch stand.
 * 5. Optimistic delivery, durable before effect: a step's result goes to the function at once; the next body begins,
 *    and the caller hears of the end, only when the commit that says so is on the disk.
 * 6. Group commit: all that the runs have to say in one turn of the event loop is one transaction.
 *
 * The table has a rowid, so that all runs append to the same page: `without rowid`, runs of 10 steps, 100 in flight,
 * were a fifth slower (120,000 instead of 150,000 steps/s), and the rest no faster.
 */
export class Floor {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #dirty: Activation[] = [];
  #runs = 0;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      create table journal (
        run integer not null, position integer not null, at integer not null, events text not null,
        primary key (run, position)
      ) strict`);
    this.#insert = this.#database.prepare('insert into journal values (?, ?, ?, ?) on conflict do nothing');
    this.#begin = this.#database.prepare('begin immediate');
    this.#commit = this.#database.prepare('commit');
  }

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
    // The first to speak in this turn of the loop schedules the flush; by then every function is blocked again.
    if (this.#dirty.length === 0) setImmediate(() => this.#flush());
    if (activation.events.length === 0) this.#dirty.push(activation);
    activation.events.push(JSON.stringify(event));
    if (effect !== undefined) activation.effects.push(effect);
  }

  #flush(): void {
    const batch = this.#dirty;
    this.#dirty = [];
    const at = Date.now();
    const durable: (() => unknown)[] = [];
    this.#begin.run();
    for (const activation of batch) {
      const { run, position, events, effects } = activation;
      const stored = this.#insert.run(run, position, at, `[${events.join(',')}]`).changes === 1;
      activation.position += events.length;
      activation.events = [];
      activation.effects = [];
      activation.dropped = !stored;
      if (stored) durable.push(...effects);
      else activation.drop(new Error(`run ${run} is lost: position ${position} is taken`));
    }
    this.#commit.run();
    for (const effect of durable) effect();
  }

  close(): void {
    this.#database.close();
  }
}
