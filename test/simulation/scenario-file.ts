import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scenario } from './scenario.ts';

/** Keeps a scenario for `npm run sim -- --scenario FILE`; the answer is the file. */
export function writeScenario(scenario: Scenario, directory = tmpdir()): string {
  const file = join(directory, `stepwell-${scenario.seed.replaceAll(/\W+/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(scenario, null, 2)}\n`);
  return file;
}

export function readScenario(file: string): Scenario {
  return JSON.parse(readFileSync(file, 'utf8')) as Scenario;
}
