import { StepwellError, type ConditionalWriteOptions } from 'stepwell';
import { z } from 'zod';
import { wholeNumber } from '../parameters.ts';
import { content, json, nothing, route, type RouteModule } from '../route.ts';
import { optional } from '../shape.ts';
import { download } from './download.ts';
import { uploadOf } from './upload.ts';

const Artifact = z
  .object({
    run: z.string(),
    name: z.string(),
    number: z.number().meta({ description: '1, 2 … of that name' }),
    size: z.number().meta({ description: 'Bytes' }),
    hash: z.string().meta({ description: 'SHA-256 of the content, in hex' }),
    contentType: z.string(),
    createdAt: z.number().meta({ description: 'Milliseconds since 1970' }),
  })
  .meta({ id: 'Artifact' });

const tag = 'artifacts';
const file = { path: '/v1/runs/{id}/artifacts/{name}', tail: true, tag } as const;

const list = route(
  {
    method: 'GET',
    path: '/v1/runs/{id}/artifacts',
    permission: 'artifacts:read',
    tag,
    operation: 'listArtifacts',
    summary: 'The files of a run, by name',
    query: z.strictObject({
      versions: optional(z.enum(['newest', 'all'])).meta({ description: 'Default: the newest of each name' }),
    }),
    answers: { 200: json('All of them', z.object({ artifacts: z.array(Artifact) })) },
    problems: ['RUN_NOT_FOUND', 'ID_INVALID'],
  },
  async ({ c, params: { id }, query }, { well }) => {
    const artifacts = await well.artifacts.list(id, query);
    // Files may be there before the run; of a run that is not there, and has none, it is said.
    if (artifacts.length === 0) await well.get(id);
    return c.json({ artifacts });
  },
);

const received = {
  ETag: 'The hash of the content',
  'Accept-Ranges': 'bytes',
  'Content-Length': 'Bytes',
  'Content-Disposition': 'attachment: a browser saves it, and does not run it',
};

const read = route(
  {
    ...file,
    method: 'GET',
    permission: 'artifacts:read',
    operation: 'readArtifact',
    summary: 'The content of a file, or a part of it',
    query: z.strictObject({
      number: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).meta({
        description: 'Of the version; default: the newest',
      }),
    }),
    headers: z.object({
      range: optional(z.string()).meta({ description: 'One range: bytes=0-99, bytes=100-, bytes=-100' }),
      'if-range': optional(z.string()),
      'if-none-match': optional(z.string()),
    }),
    answers: {
      200: content('The content', 'application/octet-stream', received),
      206: content('The range', 'application/octet-stream', { ...received, 'Content-Range': 'Which it is' }),
      304: nothing('It is what the caller has', { ETag: 'The hash of the content' }),
    },
    problems: [
      ...(['ARTIFACT_NOT_FOUND', 'ARTIFACT_DAMAGED', 'RANGE_NOT_SATISFIABLE'] as const),
      ...(['ARTIFACTS_NOT_CONFIGURED', 'NAME_INVALID', 'ID_INVALID'] as const),
    ],
  },
  async ({ c, params: { id, name }, query, headers }, api) =>
    download(c, api, await api.well.artifacts.read(id, name, query), headers),
);

const write = route(
  {
    ...file,
    method: 'PUT',
    permission: 'artifacts:write',
    operation: 'writeArtifact',
    summary: 'Write a file for a run, before it is started or while it goes on',
    headers: z.object({
      'content-type': optional(z.string()),
      'content-length': optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
      'if-match': optional(z.string().regex(/^"[0-9a-f]{64}"$/, 'is not the ETag of a file')).meta({
        description: 'Only if this is the newest version',
      }),
      'if-none-match': optional(z.literal('*', 'can only be *')).meta({
        description: 'Only if there is none of that name',
      }),
    }),
    raw: { 'application/octet-stream': 'The content, of whatever type' },
    answers: { 201: json('It is kept: the version', Artifact) },
    problems: [
      ...([
        'RUN_ENDED',
        'RUN_PURGED',
        'ARTIFACT_CHANGED',
        'ARTIFACT_TOO_LARGE',
        'ARTIFACTS_NOT_CONFIGURED',
      ] as const),
      ...(['NAME_INVALID', 'ID_INVALID', 'OPTION_INVALID', 'ARTIFACTS_OWNED_ELSEWHERE'] as const),
    ],
  },
  async ({ c, params: { id, name }, headers }, api) => {
    const { artifacts } = api.well;
    if ((headers['content-length'] ?? 0) > artifacts.limit) throw tooLarge(name, artifacts.limit);
    if (c.req.header('content-range') !== undefined) throw partial();
    const options: ConditionalWriteOptions = {};
    if (headers['content-type'] !== undefined) options.contentType = headers['content-type'];
    if (headers['if-match'] !== undefined) options.ifHash = headers['if-match'].slice(1, -1);
    if (headers['if-none-match'] !== undefined) options.ifAbsent = true;
    return c.json(await artifacts.write(id, name, uploadOf(c, api), options), 201);
  },
);

function tooLarge(name: string, limit: number): StepwellError {
  return new StepwellError(
    'ARTIFACT_TOO_LARGE',
    `The artifact "${name}" is larger than ${limit} bytes, the limit artifactBytes. Nothing of it was kept.`,
    { data: { limit } },
  );
}

/** A client that believes that it writes a part would have the rest replaced by it (RFC 9110, section 14.5). */
function partial(): StepwellError {
  return new StepwellError(
    'PARAMETER_INVALID',
    'A file is written as a whole: Content-Range says that the body is a part of it. Send all of it, without that header.',
  );
}

export const artifactModule: RouteModule = () => ({ routes: [list, read, write] });
