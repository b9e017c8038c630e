import { type Command, Option } from 'commander';

/** An address may hold a password, and the arguments of a process can be read by everybody on its machine. */
export function storeOption(): Option {
  return new Option('--store <store>', 'where runs are kept: sqlite:path/to/file.db, postgres://…')
    .env('STEPWELL_STORE')
    .default('sqlite:.stepwell/stepwell.db');
}

/** As an address of a store, it may hold a password. */
export function fanoutOption(): Option {
  return new Option(
    '--fanout <url>',
    'spread the news of runs among workers and servers by a Redis too, redis://…: needed where PostgreSQL is behind a pooler',
  ).env('STEPWELL_FANOUT');
}

/** One of the program: whatever opens a store may have to read, write or delete what is kept there. */
export function artifactsOption(): Option {
  return new Option(
    '--artifacts <place>',
    'where the files of runs are kept, for what opens a store: file:folder, s3://…, azure://…; default: beside the SQLite file',
  ).env('STEPWELL_ARTIFACTS');
}

/** For `Stepwell.open`. */
export function artifactsOf(command: Command): { artifacts?: string } {
  const { artifacts } = command.optsWithGlobals<{ artifacts?: string }>();
  return artifacts === undefined ? {} : { artifacts };
}
