import { createHash } from 'node:crypto';

/** A folder and a hash. */
const KEY = /^[a-z0-9_-]+\/[a-z0-9_-]+\/([0-9a-f]{64})$/;

const LONGEST_PART = 180;
const KEPT_OF_LONG = 80;

/** The folder of a run's contents. Different runs have different folders, also where upper and lower case are the same. */
export function folderOf(namespace: string, run: string): string {
  return `${partOf(namespace)}/${partOf(run)}`;
}

/** The hash of a key; null: it is none, but something else that lies in the same place. */
export function hashOfKey(key: string): string | null {
  return KEY.exec(key)?.[1] ?? null;
}

/** Whose folder it is; null: the id was too long to be kept in it. */
export function runOfFolder(folder: string): { namespace: string; run: string } | null {
  const [namespace = '', run = ''] = folder.split('/');
  if (namespace.includes('__') || run.includes('__')) return null;
  return { namespace: textOf(namespace), run: textOf(run) };
}

/** Only `a-z`, `0-9`, `-`, and all other bytes as `_xx`: so no id is a path, or a name that a disk knows otherwise. */
function partOf(id: string): string {
  let part = '';
  for (const byte of Buffer.from(id)) {
    const character = String.fromCharCode(byte);
    part += /[a-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }
  if (part.length <= LONGEST_PART) return part;
  return `${part.slice(0, KEPT_OF_LONG)}__${createHash('sha256').update(id).digest('hex')}`;
}

function textOf(part: string): string {
  const bytes: number[] = [];
  for (const [, hex, plain] of part.matchAll(/_([0-9a-f]{2})|([^_])/g))
    bytes.push(hex === undefined ? plain!.charCodeAt(0) : Number.parseInt(hex, 16));
  return Buffer.from(bytes).toString();
}
