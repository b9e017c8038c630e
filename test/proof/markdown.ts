/** What a line of text may be long. */
const WIDTH = 120;

/** A paragraph, its lines broken where they are full. */
export function prose(text: string): string {
  return wrap(text, '', '');
}

export function list(items: readonly string[]): string {
  return items.map((item) => wrap(item, '- ', '  ')).join('\n');
}

function wrap(text: string, first: string, others: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.trim().split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = others;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}

export type Cell = string | number;

/** A table; numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const rule = head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? '--:' : '---'));
  return [head, rule, ...rows].map((cells) => `| ${cells.map(show).join(' | ')} |`).join('\n');
}

function show(cell: Cell): string {
  return typeof cell === 'number' ? count(cell) : cell.replaceAll('|', '\\|');
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** As it stands, whatever signs of Markdown are in it. */
export function verbatim(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}
