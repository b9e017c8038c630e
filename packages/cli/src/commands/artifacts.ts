import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { type Artifact, Stepwell, StepwellError } from 'stepwell';
import { openTarget, targetOption } from '../target/target.ts';
import { formatTime } from '../terminal/duration.ts';
import { pipeOut } from '../terminal/standard-output.ts';
import { table } from '../terminal/table.ts';
import { writeWhole } from '../whole-file.ts';
import { existingFile, wholeNumber } from './argument.ts';

export function addArtifactsCommand(parent: Command): void {
  const artifacts = parent
    .command('artifacts')
    .summary('the files of runs: list, get, put; whose their place is');
  addList(artifacts);
  addGet(artifacts);
  addPut(artifacts);
  addAdopt(artifacts);
}

function addList(artifacts: Command): void {
  artifacts
    .command('list')
    .summary('the files of a run')
    .argument('<run>', 'id of the run')
    .option('--all-versions', 'not only the newest of each name')
    .addOption(targetOption())
    .action(async (run: string, { allVersions }: { allVersions?: true }, command: Command) => {
      await using target = await openTarget(command);
      const { output } = target;
      const versions = allVersions === true ? 'all' : 'newest';
      const found = await target.well.artifacts.list(run, { versions });
      output.result({ artifacts: found }, () => describe(found, Date.now(), output.width));
    });
}

function addGet(artifacts: Command): void {
  artifacts
    .command('get')
    .summary('write a file of a run to stdout, or to a file here')
    .argument('<run>', 'id of the run')
    .argument('<name>', 'name of the file')
    .option('--out <path>', 'a file here; default: stdout')
    .option('--number <n>', 'its version; default: the newest')
    .addOption(targetOption())
    .action(
      async (run: string, name: string, options: { out?: string; number?: string }, command: Command) => {
        const { out, number } = options;
        const version =
          number === undefined ? {} : { number: wholeNumber(number, 'number', 1, Number.MAX_SAFE_INTEGER) };
        await using target = await openTarget(command);
        const artifact = await target.well.artifacts.read(run, name, version);
        if (out === undefined) return await pipeOut(artifact.stream());
        await writeWhole(out, (handle) => handle.writeFile(artifact.stream()));
        target.output.result(factsOf(artifact), () => [`${name} is in ${out}`]);
      },
    );
}

function addPut(artifacts: Command): void {
  artifacts
    .command('put')
    .summary('give a file to a run, also before it is started')
    .argument('<run>', 'id of the run')
    .argument('<name>', 'name that it is to have')
    .argument('<file>', 'the file; - for stdin')
    .option('--content-type <type>', 'what it is; default: application/octet-stream')
    .addOption(targetOption())
    .action(
      async (
        run: string,
        name: string,
        file: string,
        { contentType }: { contentType?: string },
        command: Command,
      ) => {
        const content = file === '-' ? process.stdin : createReadStream(existingFile(file));
        await using target = await openTarget(command);
        const type = contentType === undefined ? {} : { contentType };
        const written = await target.well.artifacts.write(run, name, content, type);
        target.output.result(factsOf(written), () => [`${name} ${written.number}, ${sizeOf(written)}`]);
      },
    );
}

function addAdopt(artifacts: Command): void {
  artifacts
    .command('adopt')
    .summary('make the place of the files that of this store, which has come in place of another')
    .addOption(targetOption())
    .action(async (_options: object, command: Command) => {
      await using target = await openTarget(command);
      const { well, output } = target;
      if (!(well instanceof Stepwell))
        throw new StepwellError(
          'COMMAND_INVALID',
          'A place of artifacts is adopted by a store: give --store, and --artifacts if they are not beside it.',
        );
      await well.artifacts.adopt();
      output.result({ adopted: true }, () => ['The place of the files belongs to this store now.']);
    });
}

function factsOf({ run, name, number, size, hash, contentType, createdAt }: Artifact): object {
  return { run, name, number, size, hash, contentType, createdAt };
}

function describe(artifacts: readonly Artifact[], now: number, width: number): string[] {
  if (artifacts.length === 0) return ['No files.'];
  const rows = artifacts.map((artifact) => [
    artifact.name,
    String(artifact.number),
    sizeOf(artifact),
    formatTime(artifact.createdAt, now),
    artifact.contentType,
  ]);
  return table(['NAME', 'VERSION', 'SIZE', 'WRITTEN', 'TYPE'], rows, width);
}

function sizeOf({ size }: Artifact): string {
  if (size < 1_000) return `${size} B`;
  const units = ['kB', 'MB', 'GB'];
  // 999,950 is 1.00 MB, not 1000 kB: the bound is where rounding reaches the next unit.
  let power = 1;
  while (power < units.length && size >= 999.5 * 1_000 ** power) power++;
  return `${(size / 1_000 ** power).toPrecision(3)} ${units[power - 1]!}`;
}
