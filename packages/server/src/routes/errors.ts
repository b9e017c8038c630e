import { ERRORS } from 'stepwell';
import { content, route, type Route } from '../route.ts';

/** Where the `type` of a problem leads unless told otherwise: a line for each code. */
const errors = route(
  {
    method: 'GET',
    path: '/errors',
    permission: 'server:read',
    tag: 'server',
    operation: 'listErrors',
    summary: 'What the codes of problems mean, for people',
    answers: { 200: content('A page with an anchor for each code', 'text/html') },
  },
  () => new Response(page(), { headers: { 'Content-Type': 'text/html; charset=utf-8', ...HARMLESS } }),
);

/** It loads nothing, and nobody may show it inside a page of theirs. */
const HARMLESS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};

function page(): string {
  const lines = Object.entries(ERRORS).map(
    ([code, { status, means }]) =>
      `<dt id="${code.toLowerCase()}"><code>${code}</code> (HTTP ${status})<dd>${escape(means)}`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Stepwell: errors</title>
<style>body{font:1rem/1.5 system-ui;max-width:50rem;margin:2rem auto}dt{margin-top:1rem}dt:target{background:#fe8}</style>
<h1>Errors</h1><dl>${lines.join('\n')}</dl></html>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

export const errorRoutes: readonly Route[] = [errors];
