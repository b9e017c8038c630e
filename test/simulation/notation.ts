import type { Action, Program } from './program.ts';
import type { PlannedRun, Scenario } from './scenario.ts';
import { programsIn } from './smaller.ts';

/** A scenario for people: a line an action, what is inside it below it. */
export function describeScenario({ runs, faults, ...more }: Scenario): string {
  return [
    fieldsOf(more).join(', '),
    `faults: ${Object.keys(faults).join(', ') || 'none'}`,
    ...runs.flatMap(describeRun),
  ].join('\n');
}

function describeRun(run: PlannedRun): string[] {
  const { id, workflow, program: _, ...more } = run;
  return [`${id}: ${[workflow, ...fieldsOf(more)].join(', ')}`, ...indented(insideOf(run))];
}

function linesOf(program: Program): string[] {
  return program.flatMap((action) => [headOf(action), ...indented(insideOf(action))]);
}

function headOf({ do: what, ...more }: Action): string {
  return [what, ...fieldsOf(more)].join(' ');
}

function insideOf(whole: object): string[] {
  const programs = programsIn(whole);
  if (programs.length === 1) return linesOf(programs[0]!);
  return programs.flatMap((program, index) => [`branch ${index + 1}`, ...indented(linesOf(program))]);
}

function fieldsOf(fields: object): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && !isProgramOrNothing(value))
    .map(([name, value]: [string, unknown]) => {
      if (name === 'name') return JSON.stringify(value);
      return value === true ? name : `${name} ${JSON.stringify(value)}`;
    });
}

/** Programs, and lists of them, are told below; an empty list says nothing. */
function isProgramOrNothing(value: unknown): boolean {
  return Array.isArray(value) && (value.length === 0 || programsIn({ value }).length > 0);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** How many actions a scenario has, those inside others too. */
export function actionsOf({ runs }: Scenario): number {
  return sum(runs.map(sizeOf));
}

function sizeOf(whole: object): number {
  return sum(programsIn(whole).flatMap((program) => program.map((action) => 1 + sizeOf(action))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
