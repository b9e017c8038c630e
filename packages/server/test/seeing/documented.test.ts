// docs/guide/operating.md names every metric that there is, with its type and labels, and no other; the Grafana board asks
// for nothing else.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { exercised } from './exercised.ts';
import type { Exposition } from './prometheus.ts';

const root = resolve(import.meta.dirname, '../../../..');
const page = readFileSync(resolve(root, 'docs/guide/operating.md'), 'utf8');
const board = JSON.parse(readFileSync(resolve(root, 'deploy/grafana/stepwell.json'), 'utf8')) as Board;

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

interface Board {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[];
  };
}

interface Metric {
  readonly type: string;
  readonly labels: readonly string[];
}

/** The metric that a sample is of: a histogram has several. */
function metricOf({ types }: Exposition, sample: string): string {
  const base = sample.replace(/_(bucket|sum|count)$/, '');
  return types.get(base) === 'histogram' ? base : sample;
}

/** Those that there are, with the labels that their samples have. */
function metricsOf(exposition: Exposition): Map<string, Metric> {
  const labels = new Map<string, Set<string>>();
  for (const sample of exposition.samples) {
    const name = metricOf(exposition, sample.name);
    const known = labels.get(name) ?? new Set();
    labels.set(name, known);
    for (const label of Object.keys(sample.labels)) if (label !== 'le') known.add(label);
  }
  return new Map(
    [...exposition.types].map(([name, type]) => [
      name,
      { type, labels: [...(labels.get(name) ?? [])].toSorted() },
    ]),
  );
}

/** Those of the table of the page. */
function documented(): Map<string, Metric> {
  const rows = page.matchAll(/^\| `(stepwell_\w+)` +\| (\w+) +\| ([^|]*)\|/gm);
  return new Map(
    [...rows].map(([, name, type, labels]) => [
      name!,
      { type: type!, labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).toSorted() },
    ]),
  );
}

test('the page has every metric, with its type and labels, and no other', async () => {
  const all = [...metricsOf(await exercised())].filter(([name]) => name.startsWith('stepwell_'));
  expect(all.length).toBeGreaterThan(20);
  expect(Object.fromEntries(documented())).toEqual(Object.fromEntries(all));
});

test('every histogram and counter of the page has a sample when all of it has happened', async () => {
  const exposition = await exercised();
  const sampled = new Set(exposition.samples.map(({ name }) => metricOf(exposition, name)));
  expect([...documented().keys()].filter((name) => !sampled.has(name))).toEqual([]);
});

/** Words of an expression that are no metrics. */
const KEYWORDS = new Set(['sum', 'max', 'min', 'by', 'rate', 'increase', 'histogram_quantile', 'le']);
/** Labels that Prometheus itself gives. */
const OF_PROMETHEUS = new Set(['instance', 'job']);

function lookInto(expr: string): { metrics: string[]; labels: string[] } {
  const plain = expr.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '');
  const matchers = [...plain.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside]) =>
    [...inside!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  );
  const groups = [...plain.matchAll(/by \(([^)]*)\)/g)].flatMap(([, inside]) => inside!.split(/,\s*/));
  const rest = plain.replaceAll(/\{[^}]*\}/g, '').replaceAll(/by \([^)]*\)/g, 'by');
  const words = [...rest.matchAll(/[a-z_]\w*/g)].map(([word]) => word);
  return { metrics: words.filter((word) => !KEYWORDS.has(word)), labels: [...matchers, ...groups] };
}

const targets = board.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target })),
);

test('the board asks only for metrics and labels that there are', async () => {
  const exposition = await exercised();
  const metrics = metricsOf(exposition);
  const samples = new Set(exposition.samples.map(({ name }) => name));
  expect(targets.length).toBeGreaterThan(30);
  const faults = targets.flatMap(({ title, expr, legendFormat }) => {
    const { metrics: asked, labels } = lookInto(expr);
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
    const known = new Set(asked.flatMap((name) => metrics.get(metricOf(exposition, name))?.labels ?? []));
    // `le` is of the buckets only.
    if (asked.every((name) => name.endsWith('_bucket'))) known.add('le');
    const unknown = [...labels, ...shown].filter((label) => !known.has(label) && !OF_PROMETHEUS.has(label));
    return [
      ...(asked.length === 0 ? [`${title}: asks for nothing`] : []),
      ...asked.filter((name) => !samples.has(name)).map((name) => `${title}: no metric ${name}`),
      ...unknown.map((label) => `${title}: no label ${label}`),
    ];
  });
  expect(faults).toEqual([]);
});

test('the board shows every metric of the page', () => {
  const asked = targets.flatMap(({ expr }) => lookInto(expr).metrics);
  const missing = [...documented().keys()].filter(
    (name) => !asked.some((one) => one === name || one.replace(/_(bucket|sum|count)$/, '') === name),
  );
  expect(missing).toEqual([]);
});

test('the board is one that Grafana can load: ids, places, variables', () => {
  expect(board).toMatchObject({ uid: 'stepwell', title: 'Stepwell' });
  const { panels } = board;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const overlaps = panels.flatMap((one, index) =>
    panels
      .slice(index + 1)
      .filter((other) => overlap(one, other))
      .map((other) => `${one.title}, ${other.title}`),
  );
  expect(overlaps).toEqual([]);
  for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  expect(new Set(targets.map(({ datasource }) => datasource.uid))).toEqual(new Set(['${datasource}']));
  const variables = new Set(board.templating.list.map(({ name }) => name));
  const used = targets.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name!));
  expect(used.filter((name) => !variables.has(name) && !name.startsWith('__'))).toEqual([]);
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
