import { expect, test } from 'vitest';
import { folderOf, runOfFolder } from '../../src/artifacts/folder.ts';
import { checkArtifactName, checkContentType } from '../../src/artifacts/name.ts';

test.each([
  'a',
  'out/report.pdf',
  'a b.txt',
  '注文/🦀.json',
  '...',
  '.hidden',
  `${'x'.repeat(255)}/y`,
  'C:x',
  '#1?',
])('the name %s can be used', (name) => {
  expect(checkArtifactName(name)).toBe(name);
});

test.each([
  '',
  '/',
  '/etc/passwd',
  'a/',
  'a//b',
  '.',
  '..',
  '../x',
  'a/../b',
  'a/./b',
  'a\\b',
  '..\\x',
  'a\0b',
  'a\nb',
  'a\u007fb',
  ' a',
  'a /b',
  '\ud800',
  'x'.repeat(256),
  '🦀'.repeat(64),
  `${'x'.repeat(200)}/`.repeat(6),
  undefined,
  null,
  7,
  ['a'],
])('the name %j is refused', (name) => {
  expect(() => checkArtifactName(name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
});

test.each(['text/plain', 'text/csv; charset=utf-8', 'application/vnd.api+json', 'image/svg+xml;a="b c"'])(
  'the content type %s can be used',
  (type) => {
    expect(checkContentType(type)).toBe(type);
  },
);

test.each([
  '',
  'text',
  'text/',
  '/plain',
  'text/plain\r\nSet-Cookie: x',
  'text/plain; 🦀',
  'a/b/c',
  7,
  `a/${'b'.repeat(300)}`,
])('the content type %j is refused', (type) => {
  expect(() => checkContentType(type)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});

const IDS = [
  'order-1',
  'Order-1',
  'ORDER_1',
  'a/b',
  '../../etc',
  '.',
  '..',
  'con',
  '注文 #1',
  '__',
  '_2f',
  '%2e%2e',
];

test.each(IDS)(
  'the folder of the run %s is one that every disk and bucket takes, and tells whose it is',
  (id) => {
    const folder = folderOf('default', id);
    expect(folder).toMatch(/^default\/(?:[a-z0-9-]|_[0-9a-f]{2})+$/);
    expect(runOfFolder(folder)).toEqual({ namespace: 'default', run: id });
  },
);

test('different runs have different folders, also where upper and lower case are the same', () => {
  const folders = IDS.map((id) => folderOf('default', id).toLowerCase());
  expect(new Set(folders).size).toBe(IDS.length);
  expect(folderOf('a', 'b')).not.toBe(folderOf('b', 'a'));
});

test('an id that is too long for a folder keeps its beginning, and does not meet another', () => {
  const [one, two] = [`${'注'.repeat(254)}1`, `${'注'.repeat(254)}2`];
  const folders = [one, two].map((id) => folderOf('default', id));
  for (const folder of folders) {
    expect(folder.length).toBeLessThan(200);
    expect(folder).toMatch(/^default\/[a-z0-9_-]+__[0-9a-f]{64}$/);
    expect(runOfFolder(folder)).toBeNull();
  }
  expect(folders[0]).not.toBe(folders[1]);
});
