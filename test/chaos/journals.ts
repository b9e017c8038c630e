import { Stepwell, type JournalEvent, type RunInfo } from '../../packages/stepwell/src/index.ts';

/** A run as the store has it. */
export interface Recorded {
  readonly info: RunInfo;
  readonly positions: readonly number[];
  readonly times: readonly number[];
  readonly events: readonly JournalEvent[];
}

/** Every run of a store that no engine has open any more. */
export async function readRuns(address: string): Promise<Map<string, Recorded>> {
  await using well = await Stepwell.open({ store: address, worker: false });
  const runs = new Map<string, Recorded>();
  let cursor: string | undefined;
  do {
    const page = await well.list({ limit: 1_000, ...(cursor !== undefined && { cursor }) });
    for (const info of page.runs) runs.set(info.id, { info, ...(await journalOf(well, info.id)) });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return runs;
}

async function journalOf(well: Stepwell, id: string): Promise<Omit<Recorded, 'info'>> {
  const positions: number[] = [];
  const times: number[] = [];
  const events: JournalEvent[] = [];
  for await (const { position, at, event } of well.events(id, { follow: false })) {
    positions.push(position);
    times.push(at);
    events.push(event);
  }
  return { positions, times, events };
}

/** What the function lived through from each of its beginnings to the next. */
export function livesOf(events: readonly JournalEvent[]): JournalEvent[][] {
  const lives: JournalEvent[][] = [[]];
  for (const event of events) {
    if (event.type === 'run.reopened') lives.push([]);
    lives.at(-1)!.push(event);
  }
  return lives;
}

/** Of each operation the attempts that its body was begun for; an attempt of a later life counts again. */
export function attemptsOf(events: readonly JournalEvent[]): Map<string, number[]> {
  const attempts = new Map<string, number[]>();
  const begin = (op: string, attempt: number) => attempts.set(op, [...(attempts.get(op) ?? []), attempt]);
  for (const event of events) {
    if (event.type === 'operation.started' && event.held !== true) begin(event.op, 1);
    else if (event.type === 'operation.attempt') begin(event.op, event.attempt);
    // What is remembered from an earlier life is not begun.
    else if (event.type === 'operation.succeeded' && event.from !== undefined) attempts.get(event.op)?.pop();
  }
  return attempts;
}

/** Operations that were begun again after an attempt of which no outcome is on record. */
export function begunAgain(events: readonly JournalEvent[]): string[] {
  return livesOf(events).flatMap((life) => {
    const inFlight = new Set<string>();
    return life.flatMap((event) => {
      if (event.type === 'operation.started' && event.held !== true) inFlight.add(event.op);
      else if (event.type === 'operation.retrying') inFlight.delete(event.op);
      else if (event.type === 'operation.attempt') {
        if (inFlight.has(event.op)) return [event.op];
        inFlight.add(event.op);
      }
      return [];
    });
  });
}
