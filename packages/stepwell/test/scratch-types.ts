import { z } from 'zod';
import { workflow } from '../src/index.ts';
export const a = workflow('flow', { concurrency: { key: (input) => input.account } }, async (_ctx, input: { account: string }) => input.account);
export const b = workflow('flow', { input: z.object({ account: z.string() }), concurrency: { key: (input) => input.account } }, async (_ctx, input) => input.account);
export const c = workflow('flow', { concurrency: { key: (input: { account: string }) => input.account } }, async (_ctx, input: { account: string }) => input.account);
export const d = workflow('flow', { concurrency: { key: (input: { account: string }) => input.account } }, async (_ctx, input: { account: string; more: number }) => input.more);
export const e = workflow('flow', { timeout: 1 }, async (_ctx, input: { account: string; more: number }) => input.more);
export const f = workflow('flow', { timeout: 1 }, async (_ctx) => 1);
export const g = workflow('flow', { concurrency: { key: (input: { account: string }) => input.account } }, async (_ctx, input) => input.account);
