/** What a run can do through `ctx`. Kinds of groups contain other operations. */
export type OperationKind =
  | 'step'
  | 'condition'
  | 'sleep'
  | 'event'
  | 'callback'
  | 'child'
  | 'group'
  | 'parallel'
  | 'map'
  | 'patch';

/**
 * An operation's identity within its run: the path of the enclosing groups, its name, and `#n` for the n-th of that
 * name within its group (the first has none), e.g. `batch/item#3/charge`.
 */
export type OperationId = string;

/** The id of the n-th operation (from 1) of a name within a group; the outermost group is the empty string. */
export function operationId(group: string, name: string, n: number): OperationId {
  const last = n === 1 ? name : `${name}#${n}`;
  return group === '' ? last : `${group}/${last}`;
}

/** The id of the group that an operation belongs to; the empty string for the outermost. */
export function groupOf(id: OperationId): string {
  const end = id.lastIndexOf('/');
  return end === -1 ? '' : id.slice(0, end);
}

/** Name of the sleep that ends a group, or an item of one, when its time is up. */
export const TIME_LIMIT = '(timeout)';

/** Whether an operation is the time limit of the group that it belongs to. */
export function isTimeLimit(id: OperationId): boolean {
  return id.slice(id.lastIndexOf('/') + 1).startsWith(TIME_LIMIT);
}

/** Whether an operation lies somewhere inside a group. */
export function isInside(id: OperationId, group: string): boolean {
  return group === '' || id.startsWith(`${group}/`);
}
