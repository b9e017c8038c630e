import { Stepwell, type JournalEvent, type RunInfo } from '../../packages/stepwell/src/index.ts';

/** A run as the file has it. */
export interface Recorded {
  readonly info: RunInfo;
  readonly positions: readonly number[];
  readonly events: readonly JournalEvent[];
}

/** Every run of a file that no engine has open any more. */
export async function readRuns(path: string): Promise<Map<string, Recorded>> {
  await using well = await Stepwell.open({ store: `sqlite:${path}`, worker: false });
  const runs = new Map<string, Recorded>();
  let cursor: string | undefined;
  do {
    const page = await well.list({ limit: 1_000, ...(cursor !== undefined && { cursor }) });
    for (const info of page.runs) runs.set(info.id, { info, ...(await journalOf(well, info.id)) });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return runs;
}

async function journalOf(well: Stepwell, id: string): Promise<Pick<Recorded, 'positions' | 'events'>> {
  const positions: number[] = [];
  const events: JournalEvent[] = [];
  for await (const { position, event } of well.events(id, { follow: false })) {
    positions.push(position);
    events.push(event);
  }
  return { positions, events };
}

/** Attempts on record of each operation. */
export function attemptsOf(events: readonly JournalEvent[]): Map<string, number> {
  const attempts = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'operation.started') attempts.set(event.op, event.held === true ? 0 : 1);
    else if (event.type === 'operation.attempt') attempts.set(event.op, event.attempt);
  }
  return attempts;
}

/** Attempts that follow one of which no outcome is on record. */
export function begunAgain(events: readonly JournalEvent[]): number {
  const inFlight = new Set<string>();
  let again = 0;
  for (const event of events) {
    if (event.type === 'operation.started' && event.held !== true) inFlight.add(event.op);
    else if (event.type === 'operation.retrying') inFlight.delete(event.op);
    else if (event.type === 'operation.attempt') {
      if (inFlight.has(event.op)) again++;
      inFlight.add(event.op);
    }
  }
  return again;
}
