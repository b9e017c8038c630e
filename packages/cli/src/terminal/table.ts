import { stripVTControlCharacters, styleText } from 'node:util';

/** Lines of aligned columns under dim headings; the last column takes what room is left. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => lengthOf(row[column] ?? ''))));
  const lines = all.map((row) => {
    const cells = row.slice(0, -1).map((cell, column) => cell + ' '.repeat(widths[column]! - lengthOf(cell)));
    const used = cells.reduce((sum, cell) => sum + lengthOf(cell) + 2, 0);
    return [...cells, clip(row.at(-1) ?? '', Math.max(width - used, 20))].join('  ').trimEnd();
  });
  return [styleText('dim', lines[0]!), ...lines.slice(1)];
}

/** What somebody else wrote, on one line of so many characters, without what a terminal would obey. */
export function clip(text: string, width: number): string {
  const line = Array.from(stripVTControlCharacters(text).replace(/\s*\n\s*/g, ' '));
  return line.length <= width ? line.join('') : `${line.slice(0, width - 1).join('')}…`;
}

function lengthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
