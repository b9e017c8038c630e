import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** The HTML comment right above it, which the reader of the page does not see. */
  readonly comment: string | null;
}

export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** What `#…` can point at. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly { readonly target: string; readonly line: number }[];
}

/** The pages whose code and commands are tested: what somebody reads who has just cloned the repository. */
export function guidePages(): Page[] {
  return globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted().map(readPage);
}

/** All pages, those of the packages and examples too. */
export function allPages(): Page[] {
  const others = globSync(['packages/*/README.md', 'examples/*/README.md', 'bench/README.md'], { cwd: ROOT });
  return [...guidePages(), ...others.toSorted().map(readPage)];
}

export function readPage(path: string): Page {
  return { path, ...parse(readFileSync(join(ROOT, path), 'utf8')) };
}

function parse(markdown: string): Omit<Page, 'path'> {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  const anchors = new Set<string>();
  const links: { target: string; line: number }[] = [];
  for (let index = 0; index < lines.length; index++) {
    const fence = /^\s*```(\w*)\s*$/.exec(lines[index]!);
    if (fence !== null) {
      const end = lines.findIndex((line, n) => n > index && /^\s*```\s*$/.test(line));
      const text = lines.slice(index + 1, end === -1 ? undefined : end).join('\n');
      blocks.push({ language: fence[1]!, text, line: index + 1, comment: commentAbove(lines, index) });
      index = end === -1 ? lines.length : end;
      continue;
    }
    const line = lines[index]!;
    const heading = /^#+\s+(.*)$/.exec(line)?.[1];
    if (heading !== undefined) anchors.add(unique(anchors, anchorOf(heading)));
    for (const [, id] of line.matchAll(/<a id="([^"]+)">/g)) anchors.add(id!);
    for (const [, target] of withoutCode(line).matchAll(/\]\(([^()\s]+)\)/g)) {
      links.push({ target: target!, line: index + 1 });
    }
  }
  return { blocks, anchors, links };
}

/** The comment above, with at most empty lines between. */
function commentAbove(lines: readonly string[], fence: number): string | null {
  const above = lines.slice(0, fence).join('\n');
  return /<!--\s*((?:(?!-->)[^])*?)\s*-->\s*$/.exec(above)?.[1] ?? null;
}

function withoutCode(line: string): string {
  return line.replaceAll(/`[^`]*`/g, '``');
}

/** As GitHub makes it from the text of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

function unique(anchors: ReadonlySet<string>, anchor: string): string {
  for (let n = 0; ; n++) {
    const candidate = n === 0 ? anchor : `${anchor}-${n}`;
    if (!anchors.has(candidate)) return candidate;
  }
}
