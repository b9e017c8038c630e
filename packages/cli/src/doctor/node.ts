import { isStepwellError } from 'stepwell';
import { checkSqlite } from 'stepwell/engine';
import { fault, type Finding, well } from './finding.ts';

const OLDEST_NODE = 24;

/** @param versions as `process.versions` has them */
export function lookAtNode({ node, sqlite }: { node: string; sqlite: string | undefined }): Finding[] {
  const isOld = Number.parseInt(node, 10) < OLDEST_NODE;
  return [
    isOld
      ? fault(
          'NODE_VERSION',
          `This is Node ${node}; Stepwell needs ${OLDEST_NODE} or newer.`,
          `Install Node ${OLDEST_NODE}, or put its npm package "node" into the project.`,
        )
      : well('NODE_VERSION', `Node ${node}`),
    lookAtSqlite(sqlite ?? '0.0.0'),
  ];
}

function lookAtSqlite(version: string): Finding {
  try {
    checkSqlite(version);
    return well('SQLITE_VERSION', `SQLite ${version} of this Node`);
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    return fault('SQLITE_VERSION', error.message, 'Install a newer Node, or keep the runs in PostgreSQL.');
  }
}
