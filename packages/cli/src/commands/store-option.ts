import { Option } from 'commander';

/** An address may hold a password, and the arguments of a process can be read by everybody on its machine. */
export function storeOption(): Option {
  return new Option('--store <store>', 'where runs are kept: sqlite:path/to/file.db, postgres://…')
    .env('STEPWELL_STORE')
    .default('sqlite:.stepwell/stepwell.db');
}
