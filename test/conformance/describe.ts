import { afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { testArtifacts } from './artifacts.ts';
import { testCallbacks } from './callbacks.ts';
import { testChildren } from './children.ts';
import { testClaiming } from './claiming.ts';
import { testCommitting } from './committing.ts';
import { testConcurrencyKeys } from './concurrency-keys.ts';
import { testDebouncing } from './debouncing.ts';
import { testDelivering } from './delivering.ts';
import { testEnding } from './ending.ts';
import { testFeeding } from './feeding.ts';
import { testForcedCancel } from './forced-cancel.ts';
import { testNews } from './news.ts';
import { testPurging } from './purging.ts';
import { testQueueList } from './queue-list.ts';
import { testQueueTurns } from './queue-turns.ts';
import { testQueues } from './queues.ts';
import { testReading } from './reading.ts';
import { testReleasing } from './releasing.ts';
import { testRequests } from './requests.ts';
import { testSchedules } from './schedules.ts';
import { testStartDeadlines } from './start-deadlines.ts';
import { testStarting } from './starting.ts';
import { testTags } from './tags.ts';
import { testTransacting } from './transacting.ts';
import { testTransferring } from './transferring.ts';
import type { OpenStore } from './stores.ts';
import { testWorkers } from './workers.ts';

/** The store contract, sentence by sentence. Nothing here assumes that a store answers at once, or alone. */
export function describeStore(name: string, open: OpenStore): void {
  describe(`${name} store`, () => {
    let opened: Awaited<ReturnType<OpenStore>>;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.discard());
    const store = (): Store => opened.store;

    describe('start', () => {
      testStarting(store);
    });
    describe('commit', () => {
      testCommitting(store);
    });
    describe('commit: children', () => {
      testChildren(store);
    });
    describe('commit: release', () => {
      testReleasing(store);
    });
    describe('commit: end', () => {
      testEnding(store);
    });
    describe('callbacks', () => {
      testCallbacks(store);
    });
    describe('deliver', () => {
      testDelivering(store);
    });
    describe('claim', () => {
      testClaiming(store);
    });
    describe('concurrency keys', () => {
      testConcurrencyKeys(store);
    });
    describe('queues', () => {
      testQueues(store);
    });
    describe('queues: rates, keys and turns', () => {
      testQueueTurns(store);
    });
    describe('queue list', () => {
      testQueueList(store);
    });
    describe('start deadlines', () => {
      testStartDeadlines(store);
    });
    describe('debouncing', () => {
      testDebouncing(store);
    });
    describe('forced cancel', () => {
      testForcedCancel(store);
    });
    describe('workers', () => {
      testWorkers(store);
    });
    describe('reading', () => {
      testReading(store);
    });
    describe('tags and counts', () => {
      testTags(store);
    });
    describe('feed', () => {
      testFeeding(store);
    });
    describe('requests', () => {
      testRequests(store);
    });
    describe('artifacts', () => {
      testArtifacts(store);
    });
    describe('purge', () => {
      testPurging(store);
    });
    describe('schedules', () => {
      testSchedules(store);
    });
    describe('transact', () => {
      testTransacting(store);
    });
    describe('dump and load', () => {
      testTransferring(store, open);
    });
    describe('news', () => {
      testNews(store);
    });
  });
}
