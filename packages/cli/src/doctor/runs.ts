import { ACTIVE_STATUSES, type AnyDefinition } from 'stepwell';
import { kindOf, type RunRecord, type WorkerRecord } from 'stepwell/engine';
import type { RunSource } from '../export/run-source.ts';
import { counted } from '../terminal/counted.ts';
import { clip } from '../terminal/table.ts';
import { fault, type Finding, warning, well } from './finding.ts';

/** Runs of each status that are looked at, the newest: a set-up that is wrong is wrong for them. */
const SAMPLE = 1_000;
/** A run that is ready and queued for longer waits for something (ms). */
const PATIENCE = 10_000;

/** Who is there to execute runs, and what keeps them from going on. */
export async function lookAtRuns(
  source: RunSource,
  workflows: readonly AnyDefinition[] | null,
): Promise<Finding[]> {
  const now = source.now();
  const registered = await source.workers();
  const alive = registered.filter(({ expiresAt }) => expiresAt > now);
  const runs = await sampleOf(source);
  return [
    ...lookAtWorkers(alive, registered, now),
    ...lookAtUnserved(runs, alive, now),
    ...lookAtStuck(runs),
    ...(await lookAtQueues(source)),
    ...(workflows === null ? [] : lookAtVersions(runs, workflows)),
  ];
}

async function sampleOf(source: RunSource): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const status of ACTIVE_STATUSES) {
    let left = SAMPLE;
    for await (const run of source.list({ statuses: [status] })) {
      runs.push(run);
      if (--left === 0) break;
    }
  }
  return runs;
}

function lookAtWorkers(
  alive: readonly WorkerRecord[],
  registered: readonly WorkerRecord[],
  now: number,
): Finding[] {
  const lost = registered.filter((worker) => !alive.includes(worker));
  return [
    well('WORKERS', aliveText(alive)),
    ...lost.map(({ name, expiresAt }) =>
      warning(
        'WORKER_LOST',
        `The worker ${name} has not been heard of since its lease ran out ${Math.round((now - expiresAt) / 1000)} s ago.`,
        'Its runs go on as soon as another worker lives. If its process still runs: look whether it hangs, or cannot reach the store.',
      ),
    ),
  ];
}

/** Runs that wait for a worker, and there is none for them. */
function lookAtUnserved(runs: readonly RunRecord[], alive: readonly WorkerRecord[], now: number): Finding[] {
  const waits = runs.filter(
    ({ status, readyAt, error }) =>
      (status === 'queued' && readyAt !== null && readyAt < now - PATIENCE) ||
      (status === 'stuck' && error?.code === 'NO_WORKER'),
  );
  const unserved = waits.filter((run) => !alive.some((worker) => serves(worker, run)));
  return grouped(
    unserved,
    ({ workflow, version, queue }) => `${kindOf(workflow, version)} on queue "${queue}"`,
  ).map(([what, group]) =>
    fault(
      'WORKER_MISSING',
      `${runsOf(group.length)} of ${what}: waiting for a worker, and none that is alive has that version and serves that queue.`,
      `Start a worker with it: stepwell worker FILE… --queues ${group[0].queue}. If the version was taken out of the files, bring it back until its last run has ended.`,
    ),
  );
}

function serves({ kinds, queues }: WorkerRecord, { workflow, version, queue }: RunRecord): boolean {
  return kinds.includes(kindOf(workflow, version)) && (queues === null || queues.includes(queue));
}

function lookAtStuck(runs: readonly RunRecord[]): Finding[] {
  const stuck = runs.filter(({ status, error }) => status === 'stuck' && error?.code !== 'NO_WORKER');
  const why = ({ workflow, version, error }: RunRecord) =>
    `${kindOf(workflow, version)} ${error?.code ?? 'for an unknown reason'}`;
  return grouped(stuck, why).map(([, group]) => {
    const { id, workflow, version, error } = group[0];
    return fault(
      'RUNS_STUCK',
      `Stuck: ${runsOf(group.length)} of ${kindOf(workflow, version)}, such as ${id}: ${clip(error?.message ?? 'no reason is on record', 400)}`,
      'Deploy code that fits; they go on by themselves then. stepwell check says beforehand whether it does.',
    );
  });
}

async function lookAtQueues(source: RunSource): Promise<Finding[]> {
  const queues = await source.queues();
  return queues.flatMap(({ name, paused, queued }) => {
    if (paused === null) return [];
    const reason = paused.reason === undefined ? '' : ` ("${paused.reason}")`;
    return [
      warning(
        'QUEUE_PAUSED',
        `The queue "${name}" is paused${reason}; queued on it: ${runsOf(queued)}.`,
        `Let it go on with stepwell queue resume ${name}.`,
      ),
    ];
  });
}

/** What would be stuck if these files were deployed alone. */
function lookAtVersions(runs: readonly RunRecord[], workflows: readonly AnyDefinition[]): Finding[] {
  const kinds = new Set(workflows.map(({ name, version }) => kindOf(name, version)));
  const missing = runs.filter(({ workflow, version }) => !kinds.has(kindOf(workflow, version)));
  return grouped(missing, ({ workflow, version }) => kindOf(workflow, version)).map(([kind, group]) =>
    fault(
      'VERSION_MISSING',
      `In flight: ${runsOf(group.length)} of ${kind}; the files do not have that version.`,
      'Keep the old version in the files until its last run has ended.',
    ),
  );
}

function grouped(
  runs: readonly RunRecord[],
  by: (run: RunRecord) => string,
): [what: string, group: readonly [RunRecord, ...RunRecord[]]][] {
  return [...Map.groupBy(runs, by)] as [string, [RunRecord, ...RunRecord[]]][];
}

function runsOf(n: number): string {
  return n >= SAMPLE ? `${SAMPLE} runs or more` : counted(n, 'run');
}

function aliveText(workers: readonly WorkerRecord[]): string {
  if (workers.length === 0) return 'No worker is alive';
  const shown = workers.slice(0, 5).map(({ name }) => name);
  const names = `${shown.join(', ')}${workers.length > shown.length ? ' …' : ''}`;
  return `${counted(workers.length, 'worker')} ${workers.length === 1 ? 'is' : 'are'} alive: ${names}`;
}
