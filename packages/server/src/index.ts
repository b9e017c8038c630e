export { createApp, type AppOptions } from './app.ts';
export { DEFAULT_SERVER_LIMITS, type ServerLimits } from './limits.ts';
export { serve, serveMetrics, type ServeOptions, type Server } from './listen.ts';
export { openSeeing, type Readers, type Seeing, type SeeingOptions } from './seeing/seeing.ts';
export { Logs, type LogOptions } from './seeing/logs.ts';
export { Traces } from './seeing/traces.ts';
export type { ScheduleKeeper } from './schedule-keeper.ts';
export { openFanout, type Fanout } from './streams/fanout.ts';
