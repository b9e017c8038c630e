/*
 * What a reader of the feed has seen, as a set of transactions: those of a snapshot (all below `xmax` but for `open`), and
 * of some others a part. A snapshot alone says it between two pages of which the second was not cut; a page that was cut
 * within a transaction adds how far it came in that.
 */

/** Rows of a transaction up to one of them, in the order of run and position. */
export interface Part {
  readonly xid: number;
  readonly run: number;
  readonly position: number;
}

export interface Seen {
  readonly xmax: number;
  /** Transactions below `xmax` that have not been seen; ascending. */
  readonly open: readonly number[];
  /** Of transactions that have not been seen as a whole, none above `xmax`; ascending. */
  readonly parts: readonly Part[];
}

/** Nothing yet: no row is of a transaction below 3. */
export const NOTHING_SEEN: Seen = { xmax: 3, open: [], parts: [] };

const SNAPSHOT = /^(\d{1,16}):(\d{1,16}):((?:\d{1,16}(?:,\d{1,16})*)?)$/;
/** What a column `integer` holds. */
const MOST_POSITION = 2 ** 31 - 1;
const PART = /^(\d{1,16})\.(\d{1,16})\.(\d{1,10})$/;

/** As {@link textOfSeen} makes it; null: it is something else. */
export function seenOf(text: string): Seen | null {
  const seen = parsed(text);
  return seen !== null && textOfSeen(seen) === text ? seen : null;
}

/** What a `pg_snapshot` has seen: its `xmin` may be lower than all that are open. */
export function seenBySnapshot(snapshot: string): Seen {
  const seen = parsed(snapshot);
  if (seen === null) throw new Error(`${snapshot} is no snapshot`);
  return seen;
}

function parsed(text: string): Seen | null {
  const [snapshot = '', ...rest] = text.split('/');
  const [, , xmax = '', open = ''] = SNAPSHOT.exec(snapshot) ?? [];
  if (xmax === '') return null;
  const parts: Part[] = [];
  for (const part of rest) {
    const [, xid, run, position] = PART.exec(part) ?? [];
    if (xid === undefined) return null;
    parts.push({ xid: Number(xid), run: Number(run), position: Number(position) });
  }
  const isPossible = ({ xid, position }: Part) => xid <= Number(xmax) && position <= MOST_POSITION;
  if (!parts.every(isPossible)) return null;
  return { xmax: Number(xmax), open: open === '' ? [] : open.split(',').map(Number), parts };
}

export function textOfSeen({ xmax, open, parts }: Seen): string {
  const texts = parts.map(({ xid, run, position }) => `/${xid}.${run}.${position}`);
  return `${snapshotOf({ xmax, open })}${texts.join('')}`;
}

/** As PostgreSQL reads it. */
export function snapshotOf({ xmax, open }: Pick<Seen, 'xmax' | 'open'>): string {
  return `${open[0] ?? xmax}:${xmax}:${open.join()}`;
}

export function isSeen({ xmax, open }: Pick<Seen, 'xmax' | 'open'>, xid: number): boolean {
  return xid < xmax && !open.includes(xid);
}

/** Whether somebody says to have seen what has not begun yet. */
export function isAhead({ xmax, parts }: Seen, now: Seen): boolean {
  return xmax > now.xmax || parts.some(({ xid }) => xid >= now.xmax);
}

/** All that one or the other has seen. */
export function together(a: Seen, b: Seen): Seen {
  return withParts(union(a, b), [...a.parts, ...b.parts]);
}

/**
 * After a page that was cut. It had the rest of the parts first, by transaction, then all else by transaction.
 * @param target what would have been seen after all pages
 * @param last the last row of the page
 */
export function cutAt(before: Seen, target: Seen, last: Part): Seen {
  const inParts = before.parts.some(({ xid }) => xid === last.xid);
  const isDone = ({ xid }: Part) => !inParts || xid < last.xid;
  const done = before.parts.filter(isDone);
  let seen: Pick<Seen, 'xmax' | 'open'> = before;
  for (const { xid } of done) if (isSeen(target, xid)) seen = withTransaction(seen, xid);
  // All that the target has seen below the transaction of the last row.
  if (!inParts) seen = union(seen, below(target, last.xid));
  const ofTarget = target.parts.filter(
    ({ xid }) => done.some((part) => part.xid === xid) || (!inParts && xid < last.xid),
  );
  return withParts(seen, [...before.parts, ...ofTarget, last]);
}

function below({ xmax, open }: Seen, xid: number): Pick<Seen, 'xmax' | 'open'> {
  return { xmax: Math.min(xmax, xid), open: open.filter((one) => one < xid) };
}

function withTransaction(
  { xmax, open }: Pick<Seen, 'xmax' | 'open'>,
  xid: number,
): Pick<Seen, 'xmax' | 'open'> {
  return { xmax: Math.max(xmax, xid + 1), open: open.filter((one) => one !== xid) };
}

function union(a: Pick<Seen, 'xmax' | 'open'>, b: Pick<Seen, 'xmax' | 'open'>): Pick<Seen, 'xmax' | 'open'> {
  const isOpen = (xid: number) => !isSeen(a, xid) && !isSeen(b, xid);
  const open = [...new Set([...a.open, ...b.open])].filter(isOpen).toSorted((x, y) => x - y);
  return { xmax: Math.max(a.xmax, b.xmax), open };
}

/** Of two parts of one transaction the longer is kept, of one that is seen as a whole none. */
function withParts(seen: Pick<Seen, 'xmax' | 'open'>, parts: readonly Part[]): Seen {
  const kept = new Map<number, Part>();
  for (const part of parts) {
    const other = kept.get(part.xid);
    if (!isSeen(seen, part.xid) && (other === undefined || isBehind(other, part))) kept.set(part.xid, part);
  }
  return { ...seen, parts: [...kept.values()].toSorted((a, b) => a.xid - b.xid) };
}

function isBehind(a: Part, b: Part): boolean {
  return a.run < b.run || (a.run === b.run && a.position < b.position);
}
