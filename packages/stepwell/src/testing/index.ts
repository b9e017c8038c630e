/** For users' own tests: an engine in memory whose clock is moved by hand, and crashes at every point of a workflow. */
export { TestClock } from './clock.ts';
export { testEngine, TestEngine, type TestOptions } from './test-engine.ts';
export {
  crashTest,
  type CrashOutcome,
  type CrashProblem,
  type CrashReport,
  type CrashTestOptions,
} from './crash-test.ts';
