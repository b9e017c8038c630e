// docs/proof.md is what `npm run proof` wrote. It takes minutes; that its page is not older than what it tells of shows here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROMISES } from '../model-check/promises.ts';
import { SCENARIOS } from '../model-check/scenarios.ts';
import { MUTATIONS } from '../model-check/store-model.ts';
import { RULES } from '../model-check/exercised.ts';
import { recordedLives } from '../journals/recorded.ts';
import { DEEDS } from '../simulation/deeds.ts';
import { FAULTS } from '../simulation/faults.ts';
import { PLANTS } from '../simulation/planted.ts';
import { SWEEPS } from '../simulation/sweeps.ts';
import { FINDS } from './finds.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/proof.md'), 'utf8');

/** The first cells of the rows of the table that follows a heading or sentence. */
function rowsAfter(text: string): string[] {
  const from = page.indexOf(text);
  expect(from, `"${text}" is on the page`).toBeGreaterThan(-1);
  const [, ...rest] = page.slice(page.indexOf('\n|', from)).split('\n');
  const rows = rest.slice(0, rest.indexOf(''));
  return rows.slice(2).map((row) => row.split('|')[1]!.trim());
}

/** Of text whose lines may be broken anywhere. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

test('at least 2,000 seeds were lived', () => {
  const [seeds] = rowsAfter('## Random worlds');
  expect(Number(seeds!.replaceAll(',', ''))).toBeGreaterThanOrEqual(2_000);
});

test.each([
  ['every kind of fault', 'What went wrong', FAULTS],
  ['everything that is done in worlds', 'What was done', DEEDS],
  ['every program of the crash matrix', '## Crash matrix', [...Object.keys(SWEEPS), '**all**']],
  ['every planted bug', '## Planted bugs', Object.keys(PLANTS)],
  ['every scenario of the model', '## Model', Object.keys(SCENARIOS)],
  ['every bug of the model', 'With a bug in its rules', MUTATIONS],
  ['every rule of the model', 'In the random worlds each call', RULES],
] as const)('%s has its row, and no other has', (_, heading, names) => {
  expect(rowsAfter(heading).toSorted()).toEqual([...names].toSorted());
});

test('every promise of the model is there', () => {
  const missing = PROMISES.filter((promise) => !onOneLine(page).includes(onOneLine(`- ${promise}`)));
  expect(missing).toEqual([]);
});

test('every recorded run is counted', () => {
  expect(onOneLine(page)).toContain(`${recordedLives().length} runs are recorded`);
});

test('every find is there as it is told now, and no other', () => {
  const finds = page.slice(page.indexOf('## What these found'));
  const told = FINDS.map(({ what, foundBy, changed, test: path }) =>
    onOneLine(`- ${what} _Found by_ ${foundBy}. _Now:_ ${changed} ([test](../${path}))`),
  );
  expect(finds.match(/^- /gm)).toHaveLength(told.length);
  expect(told.filter((find) => !onOneLine(finds).includes(find))).toEqual([]);
});
