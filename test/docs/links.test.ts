// Links between pages lead somewhere: to a file that exists and, with `#`, to a heading that is there.

import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { allPages, readPage, ROOT } from './markdown.ts';

test.for(allPages().map((page) => [page.path, page] as const))('%s', ([, page]) => {
  const broken = page.links.flatMap(({ target, line }) => {
    if (/^(https?|mailto):/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const path = relative(
      ROOT,
      join(ROOT, file === '' ? page.path : join(dirname(page.path), decodeURIComponent(file))),
    );
    if (path.startsWith('..') || !existsSync(join(ROOT, path))) return [`${page.path}:${line}: ${target}`];
    if (anchor === undefined || !path.endsWith('.md') || readPage(path).anchors.has(anchor)) return [];
    return [`${page.path}:${line}: no heading for ${target}`];
  });
  expect(broken).toEqual([]);
});
