import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveScreen } from '../src/terminal/live-screen.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A terminal of so many lines, and what is to be seen on it: it obeys what the screen writes. */
class Terminal {
  readonly rows: number;
  seen: string[] = [];
  draws = 0;
  #line = 0;

  constructor(rows: number) {
    this.rows = rows;
  }

  write(text: string): boolean {
    // oxlint-disable-next-line no-control-regex -- what a terminal obeys begins with one
    const [, up = '0', rest] = /^(?:\x1b\[(\d+)A)?\r\x1b\[0J(?:\x1b\[\?7l)?([^]*?)(?:\x1b\[\?7h)?$/.exec(
      text,
    )!;
    this.#line -= Number(up);
    this.seen.splice(this.#line);
    const lines = rest!.split('\n').slice(0, -1);
    this.seen.push(...lines);
    this.#line += lines.length;
    this.draws++;
    return true;
  }
}

test('is drawn in its place, as often as something happens but no more than ten times a second', async () => {
  const terminal = new Terminal(10);
  terminal.write('\r\x1b[0Jbefore\n');
  let n = 0;
  const screen = new LiveScreen(terminal, () =>
    Promise.resolve([`title ${++n}`, ...Array<string>(n).fill('line')]),
  );
  for (let event = 0; event < 100; event++) screen.drawSoon();
  await vi.advanceTimersByTimeAsync(150);
  expect(terminal.seen).toEqual(['before', 'title 1', 'line']);
  screen.drawSoon();
  await vi.advanceTimersByTimeAsync(150);
  expect(terminal.seen).toEqual(['before', 'title 2', 'line', 'line']);
  await screen.close();
  expect(terminal.seen[1]).toBe('title 3');
  expect(terminal.draws).toBe(4);
  expect(vi.getTimerCount()).toBe(0);
});

test('is drawn every second, since what is under way takes longer', async () => {
  const terminal = new Terminal(10);
  const screen = new LiveScreen(terminal, () => Promise.resolve(['title']));
  await vi.advanceTimersByTimeAsync(3_500);
  expect(terminal.draws).toBe(3);
  await screen.close();
});

test('shows the title and the end of what does not fit, and all of it at last', async () => {
  const terminal = new Terminal(5);
  const lines = ['title', 'a', 'b', 'c', 'd', 'e'];
  const screen = new LiveScreen(terminal, () => Promise.resolve(lines));
  screen.drawSoon();
  await vi.advanceTimersByTimeAsync(150);
  expect(terminal.seen).toEqual(['title', '…', 'd', 'e']);
  await screen.close();
  expect(terminal.seen).toEqual(lines);
});

test('a look that fails is passed over; the last one says so', async () => {
  const terminal = new Terminal(5);
  const screen = new LiveScreen(terminal, () => Promise.reject(new Error('away')));
  screen.drawSoon();
  await vi.advanceTimersByTimeAsync(150);
  await expect(screen.close()).rejects.toThrow('away');
});

test('a note stays above it, and what was drawn is drawn again, also while nobody can say what is to be seen', async () => {
  const terminal = new Terminal(10);
  let n = 0;
  const screen = new LiveScreen(terminal, () =>
    n === 1 ? Promise.reject(new Error('no server')) : Promise.resolve([`title ${n}`, 'line']),
  );
  screen.drawSoon();
  await vi.advanceTimersByTimeAsync(150);
  n = 1;
  screen.writeAbove('connection lost');
  await vi.advanceTimersByTimeAsync(1_500);
  expect(terminal.seen).toEqual(['connection lost', 'title 0', 'line']);
  n = 2;
  await screen.close();
  expect(terminal.seen).toEqual(['connection lost', 'title 2', 'line']);
});
