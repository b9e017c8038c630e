import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { ScheduleRecord } from '../../packages/stepwell/src/store/records.ts';

function record(name: string, given: Partial<ScheduleRecord> = {}): ScheduleRecord {
  return { namespace: 'default', name, revision: 1, value: '{"n":1}', ...given };
}

export function testSchedules(store: () => Store): void {
  test('schedules are kept by namespace, and come in the order of their names', async () => {
    for (const name of ['b', 'ä', 'a', 'B']) expect(await store().saveSchedule(record(name))).toBe(true);
    expect(await store().saveSchedule(record('a', { namespace: 'other', value: '"other"' }))).toBe(true);
    expect((await store().schedules('default')).map(({ name }) => name)).toEqual(['B', 'a', 'b', 'ä']);
    expect(await store().schedules('other')).toEqual([record('a', { namespace: 'other', value: '"other"' })]);
    expect(await store().schedules('nobody')).toEqual([]);
  });

  test('only the next revision is taken', async () => {
    expect(await store().saveSchedule(record('a', { revision: 2 }))).toBe(false);
    expect(await store().saveSchedule(record('a'))).toBe(true);
    expect(await store().saveSchedule(record('a', { value: '"again"' }))).toBe(false);
    expect(await store().saveSchedule(record('a', { revision: 3, value: '"too far"' }))).toBe(false);
    expect(await store().saveSchedule(record('a', { revision: 2, value: '"next"' }))).toBe(true);
    expect(await store().schedules('default')).toEqual([record('a', { revision: 2, value: '"next"' })]);
  });

  test('of those that save a revision at once one is taken', async () => {
    const values = ['"1"', '"2"', '"3"', '"4"'];
    const answers = await Promise.all(values.map((value) => store().saveSchedule(record('a', { value }))));
    expect(answers.filter(Boolean)).toHaveLength(1);
    const [kept] = await store().schedules('default');
    expect(kept?.value).toBe(values[answers.indexOf(true)]);
  });

  test('one that was deleted is gone, and begins again with revision 1', async () => {
    await store().saveSchedule(record('a'));
    await store().saveSchedule(record('a', { revision: 2 }));
    expect(await store().deleteSchedule('other', 'a')).toBe(false);
    expect(await store().deleteSchedule('default', 'a')).toBe(true);
    expect(await store().deleteSchedule('default', 'a')).toBe(false);
    expect(await store().saveSchedule(record('a', { revision: 3 }))).toBe(false);
    expect(await store().saveSchedule(record('a'))).toBe(true);
  });
}
