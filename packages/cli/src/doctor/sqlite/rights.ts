import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { fault, type Finding, well } from '../finding.ts';
import { existing } from './file-system.ts';

/** A store is a file and those that SQLite and the engine put beside it. */
const BESIDE = ['', '-wal', '-shm', '-lock', '-owner'];

/** Whether this user can write where a store is, or make it there. */
export function lookAtRights(path: string): Finding[] {
  if (existsSync(path) && !statSync(path).isFile()) {
    return [
      fault('STORE_FILE', `${path} is not a file.`, 'Give the path of a file: sqlite:path/to/file.db.'),
    ];
  }
  const folder = existing(dirname(path));
  if (!statSync(folder).isDirectory()) {
    return [fault('STORE_FILE', `${folder} is a file, not a folder.`, 'Correct the path of the store.')];
  }
  const found = existsSync(path)
    ? well('STORE_FILE', `The file ${path} is there`)
    : well('STORE_FILE', `There is no file ${path} yet: the first engine makes it`);
  const places = [folder, ...BESIDE.map((end) => `${path}${end}`).filter((file) => existsSync(file))];
  const refused = places.filter((place) => !isWritable(place));
  if (refused.length === 0) return [found, well('STORE_RIGHTS', `This user can write to ${path}`)];
  return [
    found,
    fault(
      'STORE_RIGHTS',
      `The user ${userInfo().username} cannot write to: ${refused.join(', ')}.`,
      `Let that user write to the folder and to all files whose names begin with ${path}; or run as their owner.`,
    ),
  ];
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
