import { fault, type Finding, type Ground, warning, well } from './finding.ts';

/** A server that does not answer within this time is not well (ms). */
const PATIENCE = 10_000;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Of the API that this command speaks. */
const API_VERSION = '1';

/** A server, seen from here. */
export async function lookAtServer(server: string): Promise<Ground> {
  const base = server.replace(/\/+$/, '');
  const described = await ask(`${base}/openapi.json`);
  if (typeof described === 'string') {
    return broken(
      `No server answers at ${base} (${described}).`,
      'Start one with stepwell server FILE… --store …, or name another with --server.',
    );
  }
  const { info } = (described.body ?? {}) as { info?: { title?: string; version?: string } };
  if (described.status !== 200 || info?.title !== 'Stepwell') {
    return broken(
      `What answers at ${base} (status ${described.status}) is not a Stepwell server.`,
      'Correct the address of --server; a proxy in front must pass on all paths.',
    );
  }
  const ready = await lookAtReady(base);
  const answers = well('SERVER_CONNECTION', `A Stepwell server answers at ${base}`);
  const findings = [answers, lookAtVersion(info.version), ready];
  return { findings, readable: ready.level === 'ok' };
}

function broken(what: string, mend: string): Ground {
  return { findings: [fault('SERVER_CONNECTION', what, mend)], readable: false };
}

function lookAtVersion(version = 'of an unknown number'): Finding {
  if (version === API_VERSION)
    return well('SERVER_VERSION', `The server speaks version ${version} of the API`);
  return warning(
    'SERVER_VERSION',
    `The server speaks version ${version} of the API, this command version ${API_VERSION}.`,
    'Install the @stepwell/cli of the version of the server.',
  );
}

async function lookAtReady(base: string): Promise<Finding> {
  const answer = await ask(`${base}/readyz`);
  if (typeof answer !== 'string' && answer.status === 200)
    return well('SERVER_READY', 'The server is ready: it can commit');
  const why = typeof answer === 'string' ? answer : `status ${answer.status}: ${detailOf(answer.body)}`;
  return fault(
    'SERVER_READY',
    `The server is not ready (${why}).`,
    'It cannot commit, or is about to stop: look at its store, and into its log.',
  );
}

function detailOf(body: unknown): string {
  const { detail, reason } = (body ?? {}) as { detail?: string; reason?: string };
  return detail ?? reason ?? JSON.stringify(body);
}

/** The answer, or why there was none. */
async function ask(url: string): Promise<Answer | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  } catch (thrown) {
    const { cause, message } = thrown as Error & { cause?: { code?: string } };
    return cause?.code ?? message;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
