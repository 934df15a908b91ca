import { setImmediate } from 'node:timers/promises';
import type { LocalActivityInput } from '@temporalio/workflow';
import { expect, test } from 'vitest';
import { interceptors } from '../../workflows/interceptors.js';

interface Running {
  readonly name: string;
  readonly end: (result: string) => void;
  readonly fail: (error: Error) => void;
}

const inputOf = (activityType: string): LocalActivityInput => ({
  activityType,
  args: [],
  options: {},
  headers: {},
  seq: 1,
  attempt: 1,
});

test('a local activity begins when the one before has ended or failed', async () => {
  const begun: Running[] = [];
  const run = ({ activityType: name }: LocalActivityInput) =>
    new Promise<unknown>((end, fail) => begun.push({ name, end, fail }));
  const [interceptor] = interceptors().outbound ?? [];
  const results = ['first', 'second', 'third'].map((name) => interceptor?.scheduleLocalActivity?.(inputOf(name), run));
  const names = async () => {
    await setImmediate();
    return begun.map(({ name }) => name);
  };
  expect(await names()).toEqual(['first']);
  begun[0]?.end('its result');
  expect(await results[0]).toBe('its result');
  expect(await names()).toEqual(['first', 'second']);
  begun[1]?.fail(new Error('it failed'));
  await expect(results[1]).rejects.toThrow('it failed');
  expect(await names()).toEqual(['first', 'second', 'third']);
});
