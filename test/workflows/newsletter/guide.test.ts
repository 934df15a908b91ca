import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, aSubscriber } from '../../support/api/api.js';
import { followStep, guideSteps } from '../../support/api/guide.js';
import { type DraftEverpost, draftEverpost } from '../../support/everpost/draft-everpost.js';
import { aDraftAnswer, says } from '../../support/scripted/model-server.js';
import { aFeed, webServer } from '../../support/scripted/web-server.js';

const STEPS = guideSteps('weekly-newsletter.md');

let everpost: DraftEverpost;
let site: Awaited<ReturnType<typeof webServer>>;

beforeAll(async () => {
  everpost = await draftEverpost({}, { environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
  site = await webServer(aFeed('Tulips'));
  everpost.model.script(says(aDraftAnswer()));
  await everpost.startWorker();
  await aSubscriber(everpost.api, await aList(everpost.api));
});
afterAll(async () => {
  await everpost?.close();
  await site?.close();
});

test('the commands of the guide create a newsletter from a feed and one by AI, and both are delivered', async () => {
  expect(STEPS).toHaveLength(6);
  for (const { line, shown } of STEPS) {
    const step = { line: line.replace('https://acme.example/blog.xml', site.url), shown };
    await followStep(everpost.api, step);
  }
  await everpost.receiver.untilAccepted(2);
  const mails = await Promise.all(everpost.receiver.accepted.map(({ raw }) => PostalMime.parse(raw ?? '')));
  expect(mails.map(({ subject }) => subject).sort()).toEqual(['Our new pricing tiers', 'Tulips']);
});
