import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseCommand, scenarioArguments } from './command.ts';
import { describeFailure, shrinkFailure } from './failing-seed.ts';
import { actionsOf, describeScenario } from './notation.ts';
import { findPlanted } from './planted-search.ts';
import { PLANTS } from './planted.ts';
import type { Program } from './program.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { smallerPrograms } from './smaller.ts';
import { simulate } from './world.ts';

/** A bug that needs two steps and a failure after them to show itself, and no fault. */
const PLANTED = 'one undo handler';
const plant = PLANTS[PLANTED]!;
const circumstances = { store: 'memory', planted: PLANTED };

async function failingSeed() {
  const { seed } = (await findPlanted(PLANTED))!;
  return {
    seed,
    scenario: scenarioOf(seed),
    failure: (await simulate(scenarioOf(seed), { plant })).violations[0]!,
  };
}

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-shrink-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('a failing seed is shrunk to what makes it fail', async () => {
  const { scenario, failure } = await failingSeed();
  const { scenario: shrunk, worlds } = await shrinkFailure(scenario, failure, circumstances);
  expect(shrunk.runs).toHaveLength(1);
  expect(actionsOf(shrunk)).toBeLessThanOrEqual(4);
  expect(actionsOf(shrunk)).toBeLessThan(actionsOf(scenario));
  expect(shrunk.faults).toEqual({});
  expect(worlds).toBeLessThanOrEqual(400);

  const report = await simulate(shrunk, { plant });
  expect(report.violations[0]!.kind).toBe(failure.kind);
  expect((await simulate(shrunk)).violations).toEqual([]);
  expect((await shrinkFailure(scenario, failure, circumstances)).scenario).toEqual(shrunk);

  const { task, planted } = parseCommand(scenarioArguments(shrunk, circumstances, scratch()));
  expect(task).toEqual({ do: 'scenario', scenario: shrunk });
  expect(planted).toBe(PLANTED);
  const replayed = await simulate((task as { scenario: Scenario }).scenario, { plant });
  expect(replayed.trace.text).toBe(report.trace.text);
});

test('of a failing seed is told what people need to see it again', async () => {
  const { seed, failure } = await failingSeed();
  const directory = scratch();
  const told = await describeFailure(seed, failure, circumstances, directory);
  expect(told).toContain(failure.message);
  expect(told).toMatch(/^ {4}step "undoable.* undo$/m);
  expect(told).toContain('what went wrong in it: nothing');
  expect(told).toContain(`npm run sim -- --seed ${seed} --planted '${PLANTED}' --shrunk`);
  expect(told).toContain(`npm run sim -- --scenario ${directory}`);
});

const step = (name: string) => ({ do: 'step', name, takes: 0, failures: 0 }) as const;

test('a program gets smaller in every place, whatever the kind of its actions', () => {
  const program = [
    { do: 'kind of tomorrow', first: [step('a')], ways: [[step('b')], [step('c'), step('d')]], list: [1, 2] },
  ] as unknown as Program;
  const smaller = [...smallerPrograms(program)].map((one) => JSON.parse(JSON.stringify(one)) as unknown);
  expect(smaller).toContainEqual([]);
  expect(smaller).toContainEqual([step('a')]);
  expect(smaller).toContainEqual([step('c'), step('d')]);
  const [action] = program as unknown as [object];
  expect(smaller).toContainEqual([{ ...action, first: [] }]);
  expect(smaller).toContainEqual([{ ...action, ways: [[step('b')]] }]);
  expect(smaller).toContainEqual([{ ...action, ways: [[step('b')], [step('d')]] }]);
});

test('of a map there are fewer items, and none fails that is gone', () => {
  const map = {
    do: 'map',
    name: 'm',
    items: 4,
    failing: [0, 3],
    tolerate: 2,
    concurrency: 1,
    program: [],
  } as const;
  expect([...smallerPrograms([map])]).toContainEqual([{ ...map, items: 1, failing: [0] }]);
});

test('shrinking ends: with nothing left, or after so many worlds', async () => {
  const all = await shrink(scenarioOf(1), async () => true);
  expect(all.scenario).toMatchObject({
    runs: [{ program: [] }],
    faults: {},
    workers: 1,
    clients: 1,
    faultsEnd: 0,
  });
  const none = await shrink(scenarioOf(1), async () => false, 30);
  expect(none).toEqual({ scenario: scenarioOf(1), worlds: 30 });
});

test('a scenario is told a line an action', () => {
  const program: Program = [
    step('a'),
    { do: 'race', branches: [[{ do: 'sleep', ms: 5 }], []] },
    { do: 'try', program: [{ do: 'throw', message: 'no' }] },
  ];
  const run = { id: 'run-1', workflow: 'plain', startAt: 3, cancelAt: 9, retried: true, program } as const;
  const scenario = { ...scenarioOf(1), faults: { 'news lost': 0.2 }, runs: [run] };
  expect(describeScenario(scenario)).toContain(
    `faults: news lost
run-1: plain, startAt 3, cancelAt 9, retried
  step "a" takes 0 failures 0
  race
    branch 1
      sleep ms 5
    branch 2
  try
    throw message "no"`,
  );
});
