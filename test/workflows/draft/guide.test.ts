import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, aSubscriber } from '../../support/api/api.js';
import { followStep, guideSteps } from '../../support/api/guide.js';
import { type DraftEverpost, draftEverpost } from '../../support/everpost/draft-everpost.js';
import { aDraftAnswer, says } from '../../support/scripted/model-server.js';
import { until } from '../../support/until.js';

const STEPS = guideSteps('ai-drafts.md');
let everpost: DraftEverpost;

beforeAll(async () => {
  everpost = await draftEverpost();
  await aSubscriber(everpost.api, await aList(everpost.api));
  everpost.model.script(says(aDraftAnswer()));
  await everpost.startWorker();
});
afterAll(() => everpost?.close());

test('the guide sends a drafted campaign, has another version written and chosen, and sets the voice', () => {
  expect(STEPS).toHaveLength(5);
});

test.each(STEPS)('$line', (step) => followStep(everpost.api, step));

test('the mail has arrived', () => until(() => everpost.receiver.accepted.length === 1, 60_000));
