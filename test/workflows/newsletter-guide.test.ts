import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { aList, aSubscriber } from '../support/api.js';
import { readCurl } from '../support/curl.js';
import { type DraftEverpost, draftEverpost } from '../support/draft-everpost.js';
import { aDraftAnswer, says } from '../support/model-server.js';
import { aFeed, webServer } from '../support/web-server.js';

const GUIDE = readFileSync(join(packageRoot(), 'docs/guides/weekly-newsletter.md'), 'utf8');
const STEPS = [...GUIDE.matchAll(/^```sh\n(.*?)^```\n\n```json\n(.*?)^```$/gms)].map(([, line = '', shown = '']) => ({
  line: line.trim(),
  shown: JSON.parse(shown) as object,
}));
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

test('the guide, line by line: a newsletter of a feed and one by AI, and both are in the inbox', async () => {
  expect(STEPS).toHaveLength(6);
  for (const { line, shown } of STEPS) {
    const filled = line.replaceAll('$API', 'http://here/api/v1').replaceAll('$KEY', everpost.api.key);
    const { method, url, ...rest } = readCurl(filled.replace('https://acme.example/blog.xml', site.url));
    const answer = await everpost.api.call(`${method} ${url.replace('http://here', '')}`, { key: null, ...rest });
    expect(answer.statusCode, answer.body).toBeLessThan(300);
    expect(answer.json()).toMatchObject(shown);
  }
  await everpost.receiver.untilAccepted(2);
  const mails = await Promise.all(everpost.receiver.accepted.map(({ raw }) => PostalMime.parse(raw ?? '')));
  expect(mails.map(({ subject }) => subject).sort()).toEqual(['Our new pricing tiers', 'Tulips']);
});
