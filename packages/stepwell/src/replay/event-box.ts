import type { Payload } from '../model/codec.ts';
import type { OperationId } from '../model/operation.ts';

/** An event that came to a run. */
export interface KeptEvent {
  /** Of the journal's `event.received`. */
  readonly position: number;
  readonly name: string;
  readonly value: Payload | undefined;
  readonly id: string | undefined;
}

/** Events that came and were not taken yet, and the operations that wait for some: both oldest first, by name. */
export class EventBox {
  readonly #ids = new Set<string>();
  readonly #kept = new Map<string, KeptEvent[]>();
  readonly #byPosition = new Map<number, KeptEvent>();
  readonly #waiters = new Map<string, OperationId[]>();
  /** Names of which an event or a waiter came last: only there can a new pair have arisen. */
  readonly #unpaired = new Set<string>();

  /** Whether an event of that id has come, taken or not. */
  knows(id: string): boolean {
    return this.#ids.has(id);
  }

  know(id: string): void {
    this.#ids.add(id);
  }

  keep(event: KeptEvent): void {
    if (event.id !== undefined) this.know(event.id);
    addTo(this.#kept, event.name, event);
    this.#byPosition.set(event.position, event);
    this.#unpaired.add(event.name);
  }

  wait(name: string, op: OperationId): void {
    addTo(this.#waiters, name, op);
    this.#unpaired.add(name);
  }

  stopWaiting(name: string, op: OperationId): void {
    dropFrom(this.#waiters, name, op);
  }

  /** An operation has taken the event: what it holds is returned once. */
  take(position: number): Payload | undefined {
    const event = this.#byPosition.get(position);
    if (event === undefined) return undefined;
    this.#byPosition.delete(position);
    dropFrom(this.#kept, event.name, event);
    return event.value;
  }

  /** An event that nobody has taken and the operation that has waited longest for one of its name. */
  nextPair(): { op: OperationId; from: number } | null {
    for (const name of this.#unpaired) {
      const op = this.#waiters.get(name)?.[0];
      const from = this.#kept.get(name)?.[0]?.position;
      if (op !== undefined && from !== undefined) return { op, from };
      this.#unpaired.delete(name);
    }
    return null;
  }

  /** Events that nobody has taken, oldest first. */
  untaken(): readonly KeptEvent[] {
    return [...this.#byPosition.values()].toSorted((a, b) => a.position - b.position);
  }
}

function addTo<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}

function dropFrom<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name) ?? [];
  const index = list.indexOf(item);
  if (index === -1) return;
  list.splice(index, 1);
  if (list.length === 0) lists.delete(name);
}
