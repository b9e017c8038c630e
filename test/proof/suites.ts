import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordedLives } from '../journals/recorded.ts';

/** What vitest's suites say of the stores and of recorded journals. */
export interface Suites {
  /** Tests of the store contract that passed, by store. */
  readonly conformance: Readonly<Record<string, number>>;
  /** Stores whose every answer to random calls was that of the model. */
  readonly differential: readonly string[];
  /** Recorded runs, and how many commits they have: each is replayed from every one of its commits on. */
  readonly journals: number;
  readonly commits: number;
}

interface VitestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** @throws Error that shows what failed */
export function runSuites(): Suites {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-proof-'));
  try {
    const file = join(folder, 'vitest.json');
    const folders = ['test/conformance', 'test/journals'];
    spawnSync('vitest', ['run', ...folders, '--reporter=json', `--outputFile=${file}`], { stdio: 'ignore' });
    return suitesOf(JSON.parse(readFileSync(file, 'utf8')) as VitestReport);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function suitesOf({ success, testResults }: VitestReport): Suites {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  const told = [
    ...failed.map(({ title, failureMessages }) => `${title}: ${failureMessages.join('\n')}`),
    ...testResults.map(({ message }) => message),
  ];
  if (!success || tests.length === 0)
    throw new Error(`the suites of stores and journals failed:\n${told.join('\n')}`);
  const passed = tests.filter(({ status }) => status === 'passed');
  const conformance: Record<string, number> = {};
  for (const { ancestorTitles } of passed) {
    const store = /^(\S+) store$/.exec(ancestorTitles[0] ?? '')?.[1];
    if (store !== undefined) conformance[store] = (conformance[store] ?? 0) + 1;
  }
  const differential = passed.flatMap(
    ({ title }) => /^(\S+): any calls get the answers of the model$/.exec(title)?.[1] ?? [],
  );
  const lives = recordedLives();
  return {
    conformance,
    differential,
    journals: lives.length,
    commits: lives.reduce((sum, { life }) => sum + life.commits.length, 0),
  };
}
