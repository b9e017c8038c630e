import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fault, type Finding, warning, well } from '../finding.ts';

const MB = 1024 * 1024;
/** The write-ahead log alone takes up to 64 MB after a burst. */
const TOO_LITTLE = 100 * MB;
const LITTLE = 1024 * MB;

/** File systems by the number that statfs(2) gives them, of Linux. */
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB 2',
  0x01021997: '9P',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x0bd00bd0: 'Lustre',
  0x47504653: 'GPFS',
  0x786f4256: 'a shared folder of VirtualBox',
};
const IN_MEMORY: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };
const FUSE = 0x65735546;

/** The disk that a store is on, or will be. */
export function lookAtFileSystem(path: string): Finding[] {
  const { bavail, bsize, type } = statfsSync(existing(path));
  return [lookAtSpace(path, bavail * bsize), lookAtType(path, type >>> 0)];
}

function lookAtSpace(path: string, free: number): Finding {
  const what = `${Math.floor(free / MB)} MB are free on the disk of ${path}`;
  if (free >= LITTLE) return well('DISK_SPACE', what);
  const mend = 'Free some space. Ended runs can be deleted with stepwell purge.';
  return free < TOO_LITTLE
    ? fault('DISK_SPACE', `Only ${what}: writing will fail soon.`, mend)
    : warning('DISK_SPACE', `Only ${what}.`, mend);
}

/** @param type as statfs(2) gives it; other systems than Linux have other numbers, none of these */
export function lookAtType(path: string, type: number): Finding {
  const network = NETWORK[type];
  if (network !== undefined) {
    return fault(
      'FILE_SYSTEM',
      `${path} is on a network file system (${network}): SQLite's locks and its shared memory do not work there, and two engines could damage the store.`,
      'Put the file on a disk of this machine, or keep the runs in PostgreSQL.',
    );
  }
  const memory = IN_MEMORY[type];
  if (memory !== undefined) {
    return warning(
      'FILE_SYSTEM',
      `${path} is in memory (${memory}): all runs are gone when the machine restarts.`,
      'Put the file on a disk, unless that is what you want.',
    );
  }
  if (type === FUSE) {
    return warning(
      'FILE_SYSTEM',
      `${path} is on a file system of a program (FUSE): whether it keeps what was written depends on that program.`,
      'Put the file on a disk of this machine, unless you know that the program keeps its promises.',
    );
  }
  return well('FILE_SYSTEM', `${path} is on a file system of this machine`);
}

/** The path itself, or the folder above it in which it will be made. */
export function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}
