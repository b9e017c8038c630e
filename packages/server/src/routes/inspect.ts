import { z } from 'zod';
import { conditionalHeaders, tagged, taggedAnswers } from '../conditional.ts';
import { Text, wholeNumber } from '../parameters.ts';
import { json, route, type Route } from '../route.ts';
import { optional } from '../shape.ts';
import { filterOf, filterParameters } from '../shapes/filter.ts';
import { eventPage, runPage } from './pages.ts';
import { Run, RunEvent, RunPage } from '../shapes/run.ts';

const about = { method: 'GET', permission: 'runs:read', tag: 'runs' } as const;

const list = route(
  {
    ...about,
    path: '/v1/runs',
    operation: 'listRuns',
    summary: 'The runs that match, newest first; fewer than the limit where they are large',
    query: z.strictObject({
      ...filterParameters,
      limit: optional(wholeNumber(1, 1_000)),
      cursor: optional(Text),
    }),
    headers: conditionalHeaders,
    answers: taggedAnswers('A page of them', RunPage),
    problems: ['CURSOR_INVALID', 'RUN_NOT_FOUND', 'ID_INVALID', 'OPTION_INVALID'],
  },
  async ({ c, query, headers }, { well }) => {
    const { limit, cursor, ...filter } = query;
    const page = { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) };
    return tagged(c, await runPage(well, { ...filterOf(filter), ...page }), headers['if-none-match']);
  },
);

const get = route(
  {
    ...about,
    path: '/v1/runs/{id}',
    operation: 'getRun',
    summary: 'One run, with why it is not moving',
    headers: conditionalHeaders,
    answers: taggedAnswers('The run', Run),
    problems: ['RUN_NOT_FOUND', 'ID_INVALID'],
  },
  async ({ c, params: { id }, headers }, { well }) =>
    tagged(c, JSON.stringify(await well.get(id)), headers['if-none-match']),
);

const history = route(
  {
    ...about,
    path: '/v1/runs/{id}/history',
    operation: 'runHistory',
    summary: 'A page of a run’s journal, shorter than its limit where the events are large',
    query: z.strictObject({
      from: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
      limit: wholeNumber(1, 10_000).default(1_000),
    }),
    answers: {
      200: json(
        'The events; `next`, where there is more by now, is the `from` of the page after it',
        z.object({ events: z.array(RunEvent), next: optional(z.number()) }),
      ),
    },
    problems: ['RUN_NOT_FOUND', 'ID_INVALID'],
  },
  async ({ c, params: { id }, query: { from, limit } }, { well }) => {
    const events = well.events(id, { from, follow: false });
    return c.body(await eventPage(events, limit), 200, { 'Content-Type': 'application/json' });
  },
);

export const inspectRoutes: readonly Route[] = [list, get, history];
