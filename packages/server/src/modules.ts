import type { RouteModule } from './route.ts';
import { artifactModule } from './artifacts/index.ts';
import { callbackRoutes } from './routes/callbacks.ts';
import { controlRoutes } from './routes/control.ts';
import { createRoutes } from './routes/create.ts';
import { manyRoutes } from './routes/many.ts';
import { engineRoutes } from './routes/engine.ts';
import { errorRoutes } from './routes/errors.ts';
import { inspectRoutes } from './routes/inspect.ts';
import { queueRoutes } from './routes/queues.ts';
import { resultRoutes } from './routes/result.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { seeingModule } from './seeing/index.ts';
import { streamModule } from './streams/index.ts';

/** All that the server answers to. A feature that needs state of its own is a module of its own. */
export const MODULES: readonly RouteModule[] = [
  // First: it measures what all others do.
  seeingModule,
  () => ({ routes: [...engineRoutes, ...createRoutes, ...manyRoutes, ...inspectRoutes, ...resultRoutes] }),
  () => ({ routes: [...controlRoutes, ...callbackRoutes, ...queueRoutes] }),
  ({ schedules }) => ({ routes: schedules === undefined ? [] : scheduleRoutes(schedules) }),
  () => ({ routes: errorRoutes }),
  artifactModule,
  streamModule,
];
