const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** What says who writes; on a terminal that is plain. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'error']);

interface Line {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
  readonly error?: {
    readonly name?: string;
    readonly code?: string;
    readonly message?: string;
    readonly stack?: string;
    readonly cause?: string;
  };
}

/** A line of a log as people read it: time, level, message, then what else it says. */
export function textOfLine(json: string): string {
  const line = JSON.parse(json) as Line;
  const more = Object.entries(line)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = [line.time, LEVELS[line.level] ?? String(line.level), line.msg ?? '', ...more]
    .join(' ')
    .replaceAll(/\p{Cc}/gu, escaped);
  return `${head}${errorText(line.error)}\n`;
}

/** What a workflow writes must not steer the terminal. */
function escaped(control: string): string {
  return control === '\n' ? '\\n' : `\\u${control.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}

function errorText(error: Line['error']): string {
  if (error === undefined) return '';
  const { name, code, message, stack, cause } = error;
  if (stack !== undefined) {
    const text = cause === undefined ? stack : `${stack}\n  caused by ${cause}`;
    return ` ${code ?? ''}\n${text.replaceAll(/[^\P{Cc}\n]/gu, escaped)}`;
  }
  const parts = [code ?? name, message].filter((part) => part !== undefined);
  return ` ${parts.join(': ').replaceAll(/\p{Cc}/gu, escaped)}`;
}
