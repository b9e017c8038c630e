import type { Registry } from 'prom-client';
import type { EngineFact } from 'stepwell/engine';
import { OTHER } from './label.ts';
import { CountTally, HistogramTally } from './tally.ts';

/** Seconds, for what the engine adds of its own: from 0.1 ms up. */
export const OVERHEAD = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
];
/** Seconds that runs take: from 10 ms to a month. */
const RUN = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 604_800, 2_592_000];
const EVENTS = [1, 2, 3, 5, 10, 20, 50, 100, 1_000, 10_000];
const COMMITS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** What the engine tells of itself, as metrics. docs/guide/operating.md says what each of them means. */
export class EngineMetrics {
  readonly #workflows = new Set<string>();
  readonly #runsStarted;
  readonly #runsEnded;
  readonly #runDuration;
  readonly #runsStuck;
  readonly #operationsEnded;
  readonly #activations;
  readonly #replayDuration;
  readonly #replayEvents;
  readonly #claimDuration;
  readonly #claimedRuns;
  readonly #flushDuration;
  readonly #flushCommits;
  readonly #flushFailures;
  readonly #commitEvents;
  readonly #commitsRefused;
  readonly #timeToFirstStep;
  readonly #stepToStep;
  readonly #workflowOverhead;
  readonly #wakeOverhead;
  readonly #startOverhead;

  constructor(registry: Registry) {
    const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
      new CountTally({ name, help, labelNames }, registry);
    const histogram = (
      name: string,
      help: string,
      bounds: readonly number[],
      labelNames: readonly string[] = [],
    ) => new HistogramTally({ name, help, bounds, labelNames }, registry);

    this.#runsStarted = counter('stepwell_runs_started_total', 'Runs put in by this process.', ['workflow']);
    this.#runsEnded = counter('stepwell_runs_ended_total', 'Runs ended by this process.', [
      'workflow',
      'status',
    ]);
    this.#runDuration = histogram(
      'stepwell_run_duration_seconds',
      'From the creation of a run (its reopening, if it was retried) to its end.',
      RUN,
      ['workflow', 'status'],
    );
    this.#runsStuck = counter('stepwell_runs_stuck_total', 'How often a run got stuck here.', ['workflow']);
    this.#operationsEnded = counter('stepwell_operations_ended_total', 'Operations ended by this process.', [
      'workflow',
      'kind',
      'outcome',
    ]);
    this.#activations = counter('stepwell_activations_total', 'Runs taken up.', ['from']);
    this.#replayDuration = histogram(
      'stepwell_replay_duration_seconds',
      'Feeding a journal to its function.',
      OVERHEAD,
    );
    this.#replayEvents = counter('stepwell_replay_events_total', 'Events fed to functions.');
    this.#claimDuration = histogram(
      'stepwell_claim_duration_seconds',
      'Asking the store for ready runs.',
      OVERHEAD,
    );
    this.#claimedRuns = counter('stepwell_claimed_runs_total', 'Runs that the store gave to this process.');
    this.#flushDuration = histogram(
      'stepwell_flush_duration_seconds',
      'Making one write of commits durable.',
      OVERHEAD,
    );
    this.#flushCommits = histogram('stepwell_flush_commits', 'Commits of one write.', COMMITS);
    this.#flushFailures = counter('stepwell_flush_failures_total', 'Writes that the store failed.');
    this.#commitEvents = histogram('stepwell_commit_events', 'Events of one commit.', EVENTS);
    this.#commitsRefused = counter('stepwell_commits_refused_total', 'Commits that the store refused.');
    this.#timeToFirstStep = histogram(
      'stepwell_time_to_first_step_seconds',
      'TTFS: from the creation of a run to the call of its first step.',
      OVERHEAD,
      ['workflow'],
    );
    this.#stepToStep = histogram(
      'stepwell_step_to_step_overhead_seconds',
      'STSO: from the end of one step to the call of the next.',
      OVERHEAD,
    );
    this.#workflowOverhead = histogram(
      'stepwell_workflow_overhead_seconds',
      'WO: what the engine adds to a run, from its creation to its end.',
      OVERHEAD,
      ['workflow'],
    );
    this.#wakeOverhead = histogram(
      'stepwell_wake_overhead_seconds',
      'From the end of a wait to where its function goes on.',
      OVERHEAD,
      ['by'],
    );
    this.#startOverhead = histogram(
      'stepwell_start_overhead_seconds',
      'From the call of a start to its durable acknowledgement.',
      OVERHEAD,
    );
  }

  tell(fact: EngineFact): void {
    switch (fact.type) {
      case 'opened':
        for (const { name } of fact.workflows) this.#workflows.add(name);
        return;
      case 'run started':
        this.#runsStarted.add(1, this.#nameOf(fact.run));
        if (fact.milliseconds !== null) this.#startOverhead.observe(fact.milliseconds / 1_000);
        return;
      case 'run activated':
        this.#activations.add(1, fact.parked ? 'memory' : 'journal');
        if (fact.parked) return;
        this.#replayEvents.add(fact.events);
        if (fact.events > 0) this.#replayDuration.observe(fact.milliseconds / 1_000);
        return;
      case 'run stuck':
        return this.#runsStuck.add(1, this.#nameOf(fact.run));
      case 'run ended': {
        const workflow = this.#nameOf(fact.run);
        const began = fact.reopenedAt ?? fact.run.createdAt;
        this.#runsEnded.add(1, workflow, fact.status);
        if (fact.overhead !== null) this.#workflowOverhead.observe(fact.overhead / 1_000, workflow);
        return this.#runDuration.observe((fact.endedAt - began) / 1_000, workflow, fact.status);
      }
      case 'operation ended':
        return this.#operationsEnded.add(1, this.#nameOf(fact.run), fact.kind, fact.outcome);
      case 'step began':
        if (fact.after === 'start')
          this.#timeToFirstStep.observe(fact.milliseconds / 1_000, this.#nameOf(fact.run));
        else if (fact.after === 'step') this.#stepToStep.observe(fact.milliseconds / 1_000);
        return;
      case 'woken':
        return this.#wakeOverhead.observe(fact.milliseconds / 1_000, fact.by);
      case 'flushed':
        this.#flushDuration.observe(fact.milliseconds / 1_000);
        this.#flushCommits.observe(fact.events.length);
        for (const events of fact.events) this.#commitEvents.observe(events);
        return this.#commitsRefused.add(fact.refused);
      case 'flush failed':
        return this.#flushFailures.add(1);
      case 'claimed':
        this.#claimDuration.observe(fact.milliseconds / 1_000);
        return this.#claimedRuns.add(fact.runs);
      case 'logged':
        return;
    }
  }

  /** Names that come from outside are not counted one by one: there may be any number of them. */
  #nameOf({ workflow }: { readonly workflow: string }): string {
    return this.#workflows.has(workflow) ? workflow : OTHER;
  }
}
