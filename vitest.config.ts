import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: 'test/postgres/global-setup.ts',
    // Processes, not threads: tests of crashes and signals need a process of their own, and a database file that
    // one test file leaves open cannot disturb another.
    pool: 'forks',
    // Most of them wait for processes of their own: with two on two cores all take 5.5 minutes instead of 7.6.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    restoreMocks: true,
  },
});
