import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, type Block, type Page } from './markdown.ts';

/**
 * A TypeScript block of a page is one of:
 *
 * - a file: its first line is a comment with its name, and other blocks of the page import it. If a `text` block comes
 *   next, it is run, and prints that text.
 * - a program: the next block is a `text` block with what it prints.
 * - a fragment, under a comment `<!-- types: … -->` or `<!-- workflow: … -->`: its types are checked. What follows the
 *   colon is declared before it; with `workflow` it stands inside a function that has a `ctx`.
 */
export interface Sample {
  readonly file: string;
  readonly source: string;
  readonly line: number;
  /** What it prints; null: it is only checked. */
  readonly output: string | null;
}

/** @throws Error if a block cannot be tested */
export function samplesOf({ path, blocks }: Page): Sample[] {
  return blocks.flatMap((block, index) => {
    if (block.language !== 'ts') return [];
    const next = blocks[index + 1];
    const output = next?.language === 'text' ? next.text : null;
    const { line, text } = block;
    const fragment = fragmentOf(block);
    if (fragment !== null) return [{ file: `fragment-${line}.ts`, source: fragment, line, output: null }];
    const name = /^\/\/ ([\w-]+\.ts)/.exec(text)?.[1];
    if (name === undefined && output === null) {
      throw new Error(
        `${path}:${line}: a ts block needs a name, an output, or a comment that says what it is`,
      );
    }
    return [{ file: name ?? `program-${line}.ts`, source: text, line, output }];
  });
}

function fragmentOf({ comment, text }: Block): string | null {
  const [, how, declared] = /^(types|workflow):\s*([^]*)$/.exec(comment ?? '') ?? [];
  if (how === undefined) return null;
  const imports = `import { isStepwellError, Stepwell, workflow, type Ctx } from 'stepwell';\nvoid [isStepwellError, Stepwell, workflow];\n`;
  if (how === 'types') return `${imports}${declared}\n${text}\nexport {};\n`;
  return `${imports}${declared}\nexport async function example(ctx: Ctx) {\n${text}\n}\n`;
}

/** A folder inside the repository, so that `stepwell` is found there; Git and the formatter pass over it. */
export class Workbench {
  readonly folder: string;

  constructor() {
    mkdirSync(join(ROOT, '.stepwell'), { recursive: true });
    this.folder = mkdtempSync(join(ROOT, '.stepwell', 'docs-'));
    const config = {
      extends: '../../tsconfig.json',
      include: ['**/*.ts'],
      compilerOptions: { noUnusedLocals: false, typeRoots: ['../../node_modules/@types'] },
    };
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify(config));
  }

  /** Writes the samples of a page into a folder of its own. */
  write(page: Page): string {
    const folder = join(this.folder, page.path.replaceAll(/\W+/g, '-'));
    mkdirSync(folder, { recursive: true });
    for (const { file, source } of samplesOf(page)) writeFileSync(join(folder, file), source);
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What was printed, in the words of the page if it fits them: there `…` stands for anything within a line. */
export function printedAs(printed: string, expected: string): string {
  const wanted = expected.trimEnd().split('\n');
  const lines = printed.trimEnd().split('\n');
  const fits =
    lines.length === wanted.length && wanted.every((line, index) => patternOf(line).test(lines[index]!));
  return fits ? expected : printed;
}

function patternOf(line: string): RegExp {
  const parts = line.trimEnd().split('…');
  return new RegExp(
    `^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('.*')}\\s*$`,
  );
}
