import { isStepwellError } from 'stepwell';
import { z } from 'zod';
import { wholeNumber } from '../parameters.ts';
import { json, nothing, route, type Route } from '../route.ts';
import type { ScheduleKeeper } from '../schedule-keeper.ts';
import { optional } from '../shape.ts';
import { Reason, RunId } from '../shapes/options.ts';
import { Schedule, ScheduleBody } from '../shapes/schedule.ts';
import { idFromKey, startAnswers, startedAnswer, startHeaders, startProblems } from '../starting.ts';

const reading = { method: 'GET', permission: 'schedules:read', tag: 'schedules' } as const;
const changing = { permission: 'schedules:control', tag: 'schedules' } as const;
const problems = ['SCHEDULE_NOT_FOUND'] as const;

/** The routes of the schedules that somebody keeps. */
export function scheduleRoutes(schedules: ScheduleKeeper): readonly Route[] {
  return [
    route(
      {
        ...reading,
        path: '/v1/schedules',
        operation: 'listSchedules',
        summary: 'The schedules, by name',
        answers: { 200: json('All of them', z.object({ schedules: z.array(Schedule) })) },
      },
      async ({ c }) => c.json({ schedules: await schedules.list() }),
    ),
    route(
      {
        ...reading,
        path: '/v1/schedules/{name}',
        operation: 'getSchedule',
        summary: 'One schedule',
        answers: { 200: json('The schedule', Schedule) },
        problems,
      },
      async ({ c, params: { name } }) => c.json(await schedules.get(name)),
    ),
    route(
      {
        ...reading,
        path: '/v1/schedules/{name}/next',
        operation: 'nextOfSchedule',
        summary: 'The next times of a schedule',
        query: z.strictObject({ count: wholeNumber(1, 1_000).default(5) }),
        answers: { 200: json('ms since 1970', z.object({ times: z.array(z.number()) })) },
        problems,
      },
      async ({ c, params: { name }, query }) => c.json({ times: await schedules.next(name, query.count) }),
    ),
    route(
      {
        ...changing,
        method: 'PUT',
        path: '/v1/schedules/{name}',
        operation: 'setSchedule',
        summary: 'Make a schedule, or change the one of that name; the same settings again change nothing',
        body: ScheduleBody,
        answers: { 200: json('The schedule as it is now', Schedule) },
        problems: ['SCHEDULE_INVALID', ...startProblems],
      },
      async ({ c, params: { name }, body }) => c.json(await schedules.set(name, body)),
    ),
    route(
      {
        ...changing,
        method: 'DELETE',
        path: '/v1/schedules/{name}',
        operation: 'deleteSchedule',
        summary: 'Remove a schedule; runs that it has started go on',
        answers: { 204: nothing('It is gone') },
        problems,
      },
      async ({ c, params: { name } }) => {
        await schedules.delete(name);
        return c.body(null, 204);
      },
    ),
    route(
      {
        ...changing,
        method: 'POST',
        path: '/v1/schedules/{name}/pause',
        operation: 'pauseSchedule',
        summary: 'Let a schedule start nothing until it is resumed',
        body: Reason,
        answers: { 204: nothing('Done') },
        problems,
      },
      async ({ c, params: { name }, body }) => {
        await schedules.pause(name, body);
        return c.body(null, 204);
      },
    ),
    route(
      {
        ...changing,
        method: 'POST',
        path: '/v1/schedules/{name}/resume',
        operation: 'resumeSchedule',
        summary: 'Let a schedule start runs again; those that fell into the pause are not made up for',
        answers: { 204: nothing('Done') },
        problems,
      },
      async ({ c, params: { name } }) => {
        await schedules.resume(name);
        return c.body(null, 204);
      },
    ),
    route(
      {
        ...changing,
        method: 'POST',
        path: '/v1/schedules/{name}/run',
        operation: 'runSchedule',
        summary: 'Start a run of a schedule now, whatever its times, its overlap and its pause',
        headers: startHeaders,
        body: z.strictObject({
          id: optional(RunId).meta({ description: 'Of the run; the same id again is the same run' }),
        }),
        answers: startAnswers,
        problems: [...problems, ...startProblems],
      },
      async ({ c, params: { name }, headers: { prefer }, body, idempotencyKey }, api) => {
        const repeated = idempotencyKey !== undefined && body.id === undefined;
        if (repeated) body.id = `${name}+${idFromKey(idempotencyKey, c.req.path)}`;
        try {
          return await startedAnswer(c, await schedules.runNow(name, body), api, { prefer, repeated });
        } catch (error) {
          // The same request has started it before, and the schedule has another input by now.
          if (!repeated || !isStepwellError(error, 'RUN_ID_TAKEN')) throw error;
          return startedAnswer(c, { id: body.id!, created: false }, api, { prefer, repeated });
        }
      },
    ),
  ];
}
