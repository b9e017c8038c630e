/**
 * For users' own tests: an engine in memory whose clock is moved by hand, crashes at every point of a workflow, and
 * journals of real runs, replayed against the code of today.
 */
export { TestClock } from './clock.ts';
export { testEngine, TestEngine, type TestOptions } from './test-engine.ts';
export {
  crashTest,
  type CrashOutcome,
  type CrashProblem,
  type CrashReport,
  type CrashTestOptions,
} from './crash-test.ts';
export { type ExportedRun, exportOf, readExport } from './exported-run.ts';
export {
  type CodeSide,
  type Misfit,
  type RecordedSide,
  replayJournal,
  type Replayed,
  type ReplayOptions,
} from './replay-journal.ts';
