import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { aCampaign, aListWithSubscriber, forceCampaign } from '../../../support/api/campaigns.js';
import { forceMessage, post } from '../../../support/api/messages.js';

let api: TestApi;
/** The names of sent mail, latest first. */
const sent: string[] = [];

const at = (minute: number) => new Date(Date.UTC(2026, 4, 15, 9, minute));

beforeAll(async () => {
  api = await anApi();
  const list = await aListWithSubscriber(api);
  for (let minute = 0; minute < 6; minute += 1) {
    const campaign = await aCampaign(api, list);
    await forceCampaign(api, campaign, { state: minute === 4 ? 'sending' : 'sent', round: 0, launched_at: at(minute) });
    sent.unshift(`campaign ${campaign}`);
    const message = (await post(api)).json().data.id;
    await forceMessage(api, message, { state: 'sent', created_at: at(minute) });
    sent.splice(1, 0, `message ${message}`);
  }
  // Drafts and unsent messages are not listed.
  await aCampaign(api, list);
  await post(api);
});
afterAll(() => api.close());

interface Page {
  readonly data: readonly { kind: string; campaign?: { id: number }; message?: { id: string } }[];
  readonly meta: { readonly next: string | null };
}

const named = ({ data }: Page) => data.map(({ kind, campaign, message }) => `${kind} ${(campaign ?? message)?.id}`);

async function allPages(query: string): Promise<string[]> {
  const all: string[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const answer = await api.call(`GET /api/v1/sent?${query}${next === '' ? '' : `&after=${next}`}`);
    expect(answer.statusCode, answer.body).toBe(200);
    const page = answer.json<Page>();
    all.push(...named(page));
    next = page.meta.next;
  }
  return all;
}

test.each([1, 2, 5, 12, 100])('campaigns and messages are one list, in pages of %i', async (limit) => {
  expect(await allPages(`limit=${limit}`)).toEqual(sent);
});

test.each(['campaign', 'message'])('the list can be limited to one kind: %s', async (kind) => {
  expect(await allPages(`limit=4&kind=${kind}`)).toEqual(sent.filter((name) => name.startsWith(kind)));
});

test('each entry equals the one in the list of its kind', async () => {
  const { data } = (await api.call('GET /api/v1/sent?limit=2')).json();
  const [campaign] = (await api.call('GET /api/v1/campaigns?status=sent&per_page=1')).json().data;
  expect(data[0]).toMatchObject({ kind: 'campaign', begun_at: '2026-05-15T09:05:00+00:00', campaign });
  expect(data[1].message).toEqual((await api.call('GET /api/v1/messages?state=sent&limit=1')).json().data[0]);
});

test.each(['nonsense', Buffer.from('1 2 3').toString('base64url'), Buffer.from('x').toString('base64url')])(
  'an invalid cursor is refused: %s',
  async (after) => {
    const answer = await api.call(`GET /api/v1/sent?after=${after}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      error: { code: 'validation_failed', errors: { after: [expect.any(String)] } },
    });
  },
);
