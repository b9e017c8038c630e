export { createApp, type AppOptions } from './app.ts';
export { serve, type ServeOptions, type Server } from './listen.ts';
