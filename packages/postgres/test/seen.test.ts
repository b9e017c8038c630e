import { expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import {
  cutAt,
  isAhead,
  isSeen,
  NOTHING_SEEN,
  type Part,
  type Seen,
  seenBySnapshot,
  seenOf,
  snapshotOf,
  textOfSeen,
  together,
} from '../src/seen.ts';

type Row = Part;

/** By the meaning of the words: of a transaction that is seen, or in a part up to its last row. */
function has({ parts, ...snapshot }: Seen, row: Row): boolean {
  return (
    isSeen(snapshot, row.xid) ||
    parts.some(
      ({ xid, run, position }) =>
        xid === row.xid && (row.run < run || (row.run === run && row.position <= position)),
    )
  );
}

/** A page as feed.ts reads it. */
function pageOf(rows: readonly Row[], before: Seen, target: Seen, limit: number): Row[] {
  const isInPart = ({ xid }: Row) => before.parts.some((part) => part.xid === xid);
  return rows
    .filter((row) => has(target, row) && !has(before, row))
    .toSorted(
      (a, b) =>
        Number(isInPart(b)) - Number(isInPart(a)) ||
        a.xid - b.xid ||
        a.run - b.run ||
        a.position - b.position,
    )
    .slice(0, limit);
}

/** A database in which transactions begin, write a few rows, and end in any order. */
class World {
  readonly rows: Row[] = [];
  readonly #random: Random;
  #open: number[] = [];
  #next = 100;

  constructor(random: Random) {
    this.#random = random;
  }

  step(): void {
    const { chance, below, pick } = this.#random;
    if (chance(0.6)) {
      const xid = this.#next++;
      this.#open.push(xid);
      const runs = below(4);
      for (let n = 0; n < runs; n++) this.rows.push({ xid, run: n + 1, position: xid });
    }
    if (this.#open.length > 0 && chance(0.5)) {
      const done = pick(this.#open);
      this.#open = this.#open.filter((xid) => xid !== done);
    }
  }

  /** As `pg_current_snapshot()` has it. */
  now(): Seen {
    const open = this.#open.toSorted((a, b) => a - b);
    return { xmax: this.#next, open, parts: [] };
  }
}

test('whatever transactions do, a reader of pages of any size has every row once', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const world = new World(random);
    const cursors: { readonly seen: Seen; readonly had: readonly Row[] }[] = [
      { seen: NOTHING_SEEN, had: [] },
    ];
    for (let n = 0; n < 60; n++) {
      world.step();
      if (!random.chance(0.5)) continue;
      // From any cursor that there ever was, up to now or to any cursor.
      const { seen, had } = random.pick(cursors);
      const target = random.chance(0.7) ? world.now() : random.pick(cursors).seen;
      const limit = 1 + random.below(4);
      const page = pageOf(world.rows, seen, target, limit);
      for (const row of page) expect(had).not.toContain(row);
      const after = page.length === limit ? cutAt(seen, target, page.at(-1)!) : together(seen, target);
      const all = [...had, ...page];
      expect(world.rows.filter((row) => has(after, row)).length, `seed ${seed}`).toBe(all.length);
      for (const row of all) expect(has(after, row), `seed ${seed}`).toBe(true);
      for (const [index, row] of page.entries()) {
        const within = cutAt(seen, target, row);
        const read = new Set([...had, ...page.slice(0, index + 1)]);
        for (const one of world.rows) expect(has(within, one), `seed ${seed}`).toBe(read.has(one));
        cursors.push({ seen: within, had: [...read] });
      }
      expect(seenOf(textOfSeen(after))).toEqual(after);
      cursors.push({ seen: after, had: all });
    }
  }
});

test('who has come as far as a cursor is where that is', () => {
  const target = seenOf('10:20:10,12/12.3.4')!;
  expect(textOfSeen(together(NOTHING_SEEN, target))).toBe('10:20:10,12/12.3.4');
  expect(textOfSeen(together(target, NOTHING_SEEN))).toBe('10:20:10,12/12.3.4');
  expect(textOfSeen(together(target, seenOf('20:20:')!))).toBe('20:20:');
  expect(textOfSeen(together(seenOf('12:30:12')!, target))).toBe('12:30:12/12.3.4');
});

test('nobody has seen what has not begun', () => {
  const now = seenBySnapshot('10:20:10,12');
  for (const text of ['3:3:', '10:20:10,12', '12:20:12/12.3.4', '19:19:/19.1.0'])
    expect(isAhead(seenOf(text)!, now), `of ${text}`).toBe(false);
  for (const text of ['21:21:', '20:20:/20.1.0'])
    expect(isAhead(seenOf(text)!, now), `of ${text}`).toBe(true);
});

test('texts that are none are told from those that are', () => {
  for (const text of ['3:3:', '10:20:10,12', '10:20:10/10.1.0', '5:9:5,7/7.1.2/9.1.3'])
    expect(textOfSeen(seenOf(text)!)).toBe(text);
  for (const text of [
    '',
    '3',
    '3:3',
    'x:3:',
    '4:3:',
    '10:20:12',
    '3:3:,',
    '3:3:/',
    '3:3:/1.2',
    '3:3:/1.2.x',
    '3:3:/3.1.2/',
    ' 3:3:',
    '3:3:/4.1.2',
    '5:9:5/5.1.2147483648',
  ])
    expect(seenOf(text), `of ${text}`).toBeNull();
  expect(snapshotOf(NOTHING_SEEN)).toBe('3:3:');
  expect(textOfSeen(seenBySnapshot('7:20:10,12'))).toBe('10:20:10,12');
});
