import type { Backend } from './backend.ts';
import { isMet, ratioOf, type Limit, type Measurement } from './measurement.ts';

/** For programs: one line. */
export function jsonLine(store: Backend['kind'], measurement: Measurement): string {
  const { workload, unit, value, p50, p99, floor } = measurement;
  return JSON.stringify(
    { workload, store, unit, value, p50, p99, floor, ratio: ratioOf(measurement) },
    (_, field: unknown) => (typeof field === 'number' ? Number(field.toPrecision(4)) : field),
  );
}

/** For people: a row of a table. */
export function row(measurement: Measurement): string {
  const { workload, unit, value, p50, p99, floor, limit } = measurement;
  const ratio = ratioOf(measurement);
  const verdict = limit === null ? '' : `${textOf(limit)} ${isMet(measurement) ? '✓' : '✗ missed'}`;
  const figures = [value, p50, p99, floor].map(show);
  return columns(workload, unit, ...figures, ratio === null ? '' : `${show(ratio)}×`, verdict);
}

export function heading(): string {
  return columns('workload', 'unit', 'value', 'p50', 'p99', 'floor', 'ratio', 'limit');
}

function columns(workload: string, unit: string, ...rest: string[]): string {
  return `${workload.padEnd(20)}${unit.padEnd(12)}${rest.map((text, n) => (n < 5 ? text.padStart(10) : `   ${text}`)).join('')}`;
}

function textOf(limit: Limit): string {
  if ('noLess' in limit) return `≥ ${show(limit.noLess)}`;
  return 'atMost' in limit ? `≤ ${limit.atMost}×` : `≥ ${limit.atLeast}×`;
}

function show(figure: number | null): string {
  if (figure === null) return '';
  return figure >= 1_000 ? Math.round(figure).toLocaleString('en') : String(Number(figure.toPrecision(3)));
}
