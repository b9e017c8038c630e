// The page that explains the engine names what the code has: every status of a run, every kind of operation and every
// event, and says of each event whether the function sees it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ACTIVE_STATUSES, FINAL_STATUSES } from 'stepwell';
import { ROOT } from './markdown.ts';

const source = (file: string) => readFileSync(join(ROOT, 'packages/stepwell/src', file), 'utf8');
const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');

/** The quoted words of a part of a source file. */
function words(text: string): string[] {
  return [...text.matchAll(/'([\w.]+)'/g)].map(([, word]) => word!);
}

function part(text: string, begin: string, end: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from + begin.length);
  expect(from, `"${begin}" is in the source`).toBeGreaterThan(-1);
  return text.slice(from, to);
}

/** Names in the first column of the table under a heading, with what the second column says. */
function rows(heading: string): Map<string, string> {
  const section = part(page, `## ${heading}\n`, '\n## ');
  const found = new Map<string, string>();
  for (const [, first, second] of section.matchAll(/^\| (`[^|]*) \| ([^|]*)\|/gm)) {
    for (const [, name] of first!.matchAll(/`([\w.]+)`/g)) found.set(name!, second!.trim());
  }
  return found;
}

test('every status of a run is drawn, and no other', () => {
  const diagram = part(page, '## A run', '## An operation');
  const drawn = [...diagram.matchAll(/^ {2}(\w+|\[\*\]) --> (\w+)/gm)].flatMap(([, from, to]) => [
    from!,
    to!,
  ]);
  expect(new Set(drawn.filter((name) => name !== '[*]'))).toEqual(
    new Set([...ACTIVE_STATUSES, ...FINAL_STATUSES]),
  );
});

test('every kind of operation has its row', () => {
  const kinds = words(part(source('model/operation.ts'), 'export type OperationKind', ';'));
  expect(new Set(rows('An operation').keys())).toEqual(new Set(kinds));
});

test('every event of a journal has its row', () => {
  const types = [...source('model/event.ts').matchAll(/readonly type: '([\w.]+)'/g)].map(([, type]) => type!);
  expect([...rows('Events of a journal').keys()].toSorted()).toEqual([...new Set(types)].toSorted());
});

test('the events that the page calls inputs are those that a replay gives to the function', () => {
  const inputs = words(part(source('engine/replay.ts'), 'function isInput(', '\n}'));
  const called = [...rows('Events of a journal')].filter(([, is]) => is === 'input').map(([type]) => type);
  expect(called.toSorted()).toEqual(inputs.toSorted());
});
