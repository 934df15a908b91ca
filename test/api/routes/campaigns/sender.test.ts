import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { type DnsServer, dnsServer } from '../../../support/scripted/dns-server.js';

let dns: DnsServer;
let api: TestApi;
let draft: Record<string, unknown>;
beforeAll(async () => {
  dns = await dnsServer();
  const only = { REQUIRE_VERIFIED_DOMAINS: 'on', MAIL_FROM: 'News <news@fallback.example>' };
  api = await anApi({ ...only, DNS_SERVERS: dns.address });
  const list = await aList(api, { defaults: { from: { email: 'news@list.example' } } });
  await aSubscriber(api, list);
  draft = { list_id: list, subject: 'x', html: '<p>x</p>' };
});
afterAll(async () => {
  await api.close();
  await dns.close();
});

interface Shown {
  readonly id: number;
  readonly records: readonly { readonly purpose: string; readonly name: string; readonly value: string }[];
}

async function verify(domain: string): Promise<void> {
  const { data }: { data: Shown } = (await api.call('POST /api/v1/domains', { payload: { domain } })).json();
  for (const { purpose, name, value } of data.records) {
    if (purpose === 'dkim') dns.zone.set(name, { TXT: [value] });
  }
  const verified = await api.call(`POST /api/v1/domains/${data.id}/verify`);
  expect(verified.json().data.state).toBe('verified');
}

async function aCampaign(fields: Record<string, unknown> = {}): Promise<number> {
  return (await api.call('POST /api/v1/campaigns', { payload: { ...draft, ...fields } })).json().data.id;
}

const SOON = new Date('2099-01-01T00:00:00Z').toISOString();

test('a campaign from a domain that is not verified is neither sent nor scheduled, and stays a draft', async () => {
  const id = await aCampaign({ from: { email: 'news@other.example' } });
  for (const [action, payload] of [
    ['send', {}],
    ['send', { scheduled_at: SOON }],
    ['schedule', { scheduled_at: SOON }],
  ] as const) {
    const refused = await api.call(`POST /api/v1/campaigns/${id}/${action}`, { payload });
    expect([refused.statusCode, refused.json().error]).toEqual([
      422,
      expect.objectContaining({
        code: 'domain_not_verified',
        errors: { from: ['The domain of news@other.example is not verified for this account; see POST /domains.'] },
      }),
    ]);
  }
  expect((await api.call(`GET /api/v1/campaigns/${id}`)).json().data.state).toBe('draft');
  const from = { email: 'news@other.example' };
  const made = await api.call('POST /api/v1/campaigns', { payload: { ...draft, from, send: true } });
  expect(made.json().error.code).toBe('domain_not_verified');
});

test('the sender is found where sending will find it: campaign, list, installation', async () => {
  const id = await aCampaign();
  const send = () => api.call(`POST /api/v1/campaigns/${id}/send`, { payload: { scheduled_at: SOON } });
  expect((await send()).json().error.errors.from[0]).toContain('news@list.example');
  await verify('list.example');
  expect((await send()).json().data.state).toBe('scheduled');

  const bare = await aList(api, { name: 'Bare' });
  await aSubscriber(api, bare);
  const other = await aCampaign({ list_id: bare });
  const refused = await api.call(`POST /api/v1/campaigns/${other}/send`, { payload: {} });
  expect(refused.json().error.errors.from[0]).toContain('news@fallback.example');
});
