import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FailedTask, failedTasksIn, unfitHistoriesIn } from '../../chaos/deploy/failed-tasks.js';
import { type DeployResult, deployHeld } from '../../chaos/deploy/run.js';
import { verdictOf } from '../../chaos/verdict.js';
import { packageRoot } from '../../config.js';

const folder = join(packageRoot(), 'test', 'histories');
const eventsOf = (name: string): object[] => JSON.parse(readFileSync(join(folder, name), 'utf8')).events;

const failedEvent = (cause: string) => ({
  eventType: 'EVENT_TYPE_WORKFLOW_TASK_FAILED',
  workflowTaskFailedEventAttributes: {
    cause: `WORKFLOW_TASK_FAILED_CAUSE_${cause}`,
    identity: '4711@host',
    failure: { message: '[TMPRL1100] Nondeterminism error' },
  },
});

const FAILED: FailedTask = {
  workflow: 'campaign/1',
  cause: 'NON_DETERMINISTIC_ERROR',
  worker: '4711@host',
  error: '[TMPRL1100] Nondeterminism error',
};

test.each(readdirSync(folder))('no task of %s has failed', (name) => {
  expect(failedTasksIn('campaign/1', eventsOf(name))).toEqual([]);
});

test('a task that does not fit its history is named, with its worker', () => {
  const events = [...eventsOf('campaign-approved.json'), failedEvent('NON_DETERMINISTIC_ERROR')];
  expect(failedTasksIn('campaign/1', events)).toEqual([FAILED]);
});

test.each([
  ['WORKFLOW_WORKER_UNHANDLED_FAILURE', 1],
  ['BAD_SEARCH_ATTRIBUTES', 1],
  ['UNHANDLED_COMMAND', 0],
  ['FORCE_CLOSE_COMMAND', 0],
  ['RESET_WORKFLOW', 0],
])('a task that ended with %s counts %i times', (cause, times) => {
  expect(failedTasksIn('campaign/1', [failedEvent(cause)])).toHaveLength(times);
});

test('a line of a log that names a history that does not fit is found', () => {
  const line = '{"level":40,"msg":"[TMPRL1100] Nondeterminism error: no command was expected"}';
  expect(unfitHistoriesIn(`{"level":40,"msg":"other"}\n${line}\n`)).toEqual([line]);
});

const HELD: Omit<DeployResult, 'logs'> = {
  verdict: verdictOf({
    campaigns: [],
    messages: [{ to: 'code', status: 'sent', accepted: 1 }],
    bound: 0,
    events: { logged: [], received: new Set() },
    quota: { used: 1, reserved: 0 },
  }),
  ended: true,
  retries: { recipients: 60, messages: 9 },
  during: { first: 0.05, last: 0.3 },
  failedTasks: { old: [], new: [] },
  unfitHistories: [],
  seconds: 60,
};

test('a deploy in the middle of a campaign held where the new build processed every task', () => {
  expect(deployHeld(HELD)).toBe(true);
  expect(deployHeld({ ...HELD, failedTasks: { old: [FAILED], new: [] } })).toBe(true);
});

test.each<[what: string, found: Partial<DeployResult>]>([
  ['a mail is lost', { verdict: { ...HELD.verdict, holds: false } }],
  ['something has not come to rest', { ended: false }],
  ['the new build failed at a history of the old one', { failedTasks: { old: [], new: [FAILED] } }],
  ['the log of a new worker has a history that does not fit', { unfitHistories: ['[TMPRL1100] campaign/1'] }],
  ['no recipient waited for a retry', { retries: { recipients: 0, messages: 9 } }],
  ['no message waited for a retry', { retries: { recipients: 60, messages: 0 } }],
  ['the campaign had not begun', { during: { first: 0, last: 0.3 } }],
  ['the campaign was over before the last process was replaced', { during: { first: 0.05, last: 1 } }],
])('it did not hold where %s', (_, found) => {
  expect(deployHeld({ ...HELD, ...found })).toBe(false);
});
