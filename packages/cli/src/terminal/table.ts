import { stripVTControlCharacters, styleText } from 'node:util';
import { beginningOf, widthOf } from './width.ts';

/** Less room than this tells nothing: then the last column has lines of its own. */
const LEAST_ROOM = 20;
const INDENT = '    ';

/** Lines of aligned columns under dim headings; the last column takes what room is left, or else a line of its own. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => shownWidth(row[column] ?? ''))));
  const used = widths.slice(0, -1).reduce((sum, column) => sum + column + 2, 0);
  const room = width - used;
  const lines = all.map((row, index) => {
    const cells = row
      .slice(0, -1)
      .map((cell, column) => cell + ' '.repeat(widths[column]! - shownWidth(cell)));
    const last = row.at(-1) ?? '';
    if (room >= LEAST_ROOM) return [...cells, clip(last, room)].join('  ').trimEnd();
    const line = cells.join('  ').trimEnd();
    return last === '' || index === 0 ? line : `${line}\n${INDENT}${clip(last, width - INDENT.length)}`;
  });
  return [styleText('dim', lines[0]!), ...lines.slice(1).flatMap((line) => line.split('\n'))];
}

/** What somebody else wrote, on one line of so many columns, without what a terminal would obey. */
export function clip(text: string, width: number): string {
  const line = stripVTControlCharacters(text)
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\p{Cc}/gu, '');
  return widthOf(line) <= width ? line : `${beginningOf(line, width - 1)}…`;
}

function shownWidth(text: string): number {
  return widthOf(stripVTControlCharacters(text));
}
