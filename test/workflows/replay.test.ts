import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { workflowBundle } from '../../workers/bundle.js';

const folder = join(packageRoot(), 'test', 'histories');
const recorded = readdirSync(folder).filter((name) => name.endsWith('.json'));
let bundle: WorkflowBundleOption;

beforeAll(async () => {
  bundle = await workflowBundle();
});

function historyOf(name: string) {
  return historyFromJSON(JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

test('each kind of workflow has a recorded history', () => {
  expect(recorded.length).toBeGreaterThanOrEqual(5);
});

test.each(recorded)('the present workflows replay %s', async (name) => {
  await Worker.runReplayHistory({ workflowBundle: bundle }, historyOf(name), name);
});

test('a history of a different workflow does not replay', async () => {
  const history = historyOf('campaign-with-a-deferred-round.json');
  const scheduled = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  const attributes = scheduled?.activityTaskScheduledEventAttributes;
  if (!attributes) throw new Error('the recorded campaign has no activity');
  attributes.activityType = { name: 'somethingElse' };
  await expect(Worker.runReplayHistory({ workflowBundle: bundle }, history, 'forged')).rejects.toThrow();
});
