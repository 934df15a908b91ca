import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, inject, test } from 'vitest';
import { packageRoot } from '../../config.js';

const folder = join(packageRoot(), 'test', 'histories');
const recorded = readdirSync(folder).filter((name) => name.endsWith('.json'));
/** The error of each replay by the name of its history; undefined where the present workflows replay it. */
const errors = new Map<string, Error | undefined>();

const FORGED = 'forged';

// One worker replays all of them: each further one would load the workflows again.
beforeAll(async () => {
  const histories = recorded.map((name) => ({ workflowId: name, history: historyOf(name) }));
  const options = { workflowBundle: { codePath: inject('workflowBundle') } };
  const all = [...histories, { workflowId: FORGED, history: aForgedHistory() }];
  for await (const { workflowId, error } of Worker.runReplayHistories(options, all)) errors.set(workflowId, error);
});

function historyOf(name: string) {
  return historyFromJSON(JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** A recorded campaign that called an activity which no workflow has. */
function aForgedHistory() {
  const history = historyOf('campaign-with-a-deferred-round.json');
  const scheduled = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  const attributes = scheduled?.activityTaskScheduledEventAttributes;
  if (!attributes) throw new Error('the recorded campaign has no activity');
  attributes.activityType = { name: 'somethingElse' };
  return history;
}

test('each kind of workflow has a recorded history', () => {
  expect(recorded.length).toBeGreaterThanOrEqual(5);
});

test.each(recorded)('the present workflows replay %s', (name) => {
  expect(errors.has(name)).toBe(true);
  expect(errors.get(name)).toBeUndefined();
});

test('a history of a different workflow does not replay', () => {
  expect(errors.get(FORGED)).toBeInstanceOf(Error);
});
