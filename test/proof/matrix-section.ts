import type { Row } from '../simulation/crash-matrix.ts';
import { PLANNED_FAULTS, type Moment } from '../simulation/faults.ts';
import { RemoteStore } from '../simulation/remote-store.ts';
import { type Cell, count, prose, table } from './markdown.ts';

/** What the page says of the crash matrix. */
export function matrixSection(rows: readonly Row[]): string {
  const lives = count(sum(rows.map(livesOf)));
  return [
    '## Crash matrix',
    prose(`Each program is lived once undisturbed, with one worker and one client, and its moments are numbered: every
      call to the store, by the worker and by the client, also those of the rounds that a worker makes while all only
      wait, and every entry and exit of a body. Then it is lived again for each moment and for each thing that can go
      wrong there. At a call, the caller dies before it is done; dies when it is done, before the answer; is told that
      the store failed although the call is done (answer lost); is told so, and it is not done (failed). At a body, the
      process dies as it enters or as it leaves it. What is planned must happen at that very moment, or the life is
      void, which fails. No moment is left out.`),
    prose(`Expected is an outcome that the reference allows, nothing acknowledged lost, and no rule broken on the way;
      of the examples also that their services did each thing exactly once, by idempotency key. One program by itself:
      \`npm run sim -- --sweep 'an approval'\`.`),
    `${count(rows.length)} programs, ${lives} lives, all passed.`,
    table(
      ['program', 'calls', 'bodies', ...PLANNED_FAULTS, 'passed'],
      [...rows.map(rowCells), ['**all**', ...totals(rows), `all ${lives}`]],
    ),
    prose(`The calls of the undisturbed lives. ${neverCalled(rows)}`),
    table(['call', 'by the worker', 'by the client'], callCells(rows)),
  ].join('\n\n');
}

function rowCells(row: Row): Cell[] {
  return [row.name, ...totals([row]), `all ${count(livesOf(row))}`];
}

function totals(rows: readonly Row[]): number[] {
  const moments = rows.flatMap((row) => row.moments);
  return [
    moments.filter(({ at }) => at === 'call').length,
    moments.filter(({ at }) => at === 'entry').length,
    ...PLANNED_FAULTS.map((what) => sum(rows.map(({ lives }) => lives[what]))),
  ];
}

function livesOf({ lives }: Row): number {
  return sum(Object.values(lives));
}

function callsOf(rows: readonly Row[]): Moment[] {
  return rows.flatMap(({ moments }) => moments.filter(({ at }) => at === 'call'));
}

function callCells(rows: readonly Row[]): Cell[][] {
  const calls = callsOf(rows);
  const by = (who: Moment['who'], method: string) =>
    calls.filter((call) => call.who === who && call.what === method).length;
  const methods = [...new Set(calls.map(({ what }) => what))].toSorted();
  return methods.map((method) => [`\`${method}\``, by('worker', method), by('client', method)]);
}

/** Not calls: they answer nothing that can be lost. */
const NO_CALLS: readonly string[] = ['constructor', 'kind', 'subscribe', 'close'];

/** What is not in the matrix is said. */
function neverCalled(rows: readonly Row[]): string {
  const called = callsOf(rows).map(({ what }) => what);
  const methods = Object.getOwnPropertyNames(RemoteStore.prototype)
    .filter((method) => !NO_CALLS.includes(method) && !called.includes(method))
    .toSorted();
  if (methods.length === 0) return 'No method of the store is missing.';
  return `Methods of the store that none of them calls: ${methods.map((method) => `\`${method}\``).join(', ')}.`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
