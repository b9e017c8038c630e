// Keeps the registry of error codes, its page, the code that throws them and the tests that provoke them together.

import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../packages/stepwell/src/index.ts';

const root = resolve(import.meta.dirname, '../..');
const codes = Object.keys(ERRORS) as ErrorCode[];
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [code = '', ...lines] = section.split('\n');
      return [code, lines.join(' ').replaceAll(/\s+/g, ' ').trim()];
    }),
);

/** All files of a pattern, as one text. */
function textOf(patterns: string[], exclude: string[]): string {
  const files = globSync(patterns, {
    cwd: root,
    exclude: (path) => exclude.some((part) => path.includes(part)),
  });
  expect(files.length).toBeGreaterThan(10);
  return files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
}

test('the page has a section for each code of the registry, in its order', () => {
  expect([...sections.keys()]).toEqual(codes);
});

test.each(codes)('the section of %s: what it means, its status, when it happens, what to do', (code) => {
  const section = sections.get(code)!;
  const { means, status } = ERRORS[code];
  expect(section.startsWith(`${means} (HTTP ${status}) `)).toBe(true);
  const [when = '', advice = ''] = section.slice(section.indexOf(') ') + 2).split('**What to do.** ');
  expect(when.length).toBeGreaterThan(20);
  expect(advice.length).toBeGreaterThan(10);
});

test('the overview links each section', () => {
  const overview = page.slice(0, page.indexOf('\n## '));
  expect(
    [...overview.matchAll(/\[`([A-Z_]+)`\]\(#([a-z_]+)\)/g)].map(([, code, anchor]) => [code, anchor]),
  ).toEqual(codes.map((code) => [code, code.toLowerCase()]));
});

test('each code is used somewhere in the sources', () => {
  const sources = textOf(['packages/*/src/**/*.ts'], ['model/errors.ts']);
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

test('each code is provoked by a test', () => {
  const tests = textOf(['{packages,examples}/*/test/**/*.ts', 'test/**/*.ts'], ['node_modules', 'test/docs']);
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(tests))).toEqual([]);
});

test('no page speaks of a code that there is not', () => {
  const pages = textOf(['docs/**/*.md', '{packages,examples}/*/README.md', '*.md'], ['node_modules']);
  const isCode =
    /`((?:[A-Z]+_)+(?:NOT_JSON|INVALID|TAKEN|ENDED|FAILED|TIMED_OUT|UNKNOWN|FOUND|CLOSED|TOO_LARGE|MISSED))`/g;
  const spoken = new Set([...pages.matchAll(isCode)].map(([, code]) => code!));
  expect(spoken.size).toBeGreaterThan(10);
  expect([...spoken].filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
});
