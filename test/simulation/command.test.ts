import { expect, test } from 'vitest';
import { commandLine, parseCommand, seedArguments } from './command.ts';

test('without arguments, 200 seeds on the memory store', () => {
  expect(parseCommand([])).toEqual({ task: { do: 'seeds', count: 200 }, store: 'memory', planted: null });
});

test('what replays a seed says on which store, and with which bug', () => {
  const args = seedArguments(7, { store: 'sqlite', planted: 'lost timer' });
  expect(commandLine(args)).toBe("npm run sim -- --seed 7 --store sqlite --planted 'lost timer'");
  expect(parseCommand(args)).toEqual({
    task: { do: 'seed', seed: 7, shrunk: false },
    store: 'sqlite',
    planted: 'lost timer',
  });
});

test('a bug alone is searched for; with seeds it is put into all of them', () => {
  expect(parseCommand(['--planted', 'lost timer']).task).toEqual({ do: 'find', planted: 'lost timer' });
  expect(parseCommand(['--planted', 'lost timer', '--seeds', '3']).task).toEqual({ do: 'seeds', count: 3 });
});

test.each([
  [['--seeds', '0'], /whole number/],
  [['--seed', '1e3'], /whole number/],
  [['--shrunk'], /needs a --seed/],
  [['--store', 'paper'], /no store "paper", but: memory/],
  [['--planted', 'nothing'], /no planted bug/],
  [['--sweep', 'nothing'], /no sweep/],
  [['--scenario', '/does/not/exist.json'], /ENOENT/],
  [['--sedes', '5'], /sedes/],
])('%j is refused', (args, why) => {
  expect(() => parseCommand(args)).toThrow(why);
});
