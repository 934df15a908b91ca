import type { Call, TestApi } from '../api/api.js';

/** One of everything that a path or a body can name, by noun. */
export type OwnedResources = Readonly<Record<string, number | string>>;

export const CSV: Call = { payload: 'email\nmine2@example.com\n', headers: { 'content-type': 'text/csv' } };

/** Makes one of everything, with this key. */
export async function ownedResources(api: TestApi, key: string): Promise<OwnedResources> {
  const made = async (route: string, payload: object): Promise<number> =>
    (await api.call(`POST /api/v1/${route}`, { key, payload })).json().data.id;
  const list = await made('lists', { name: 'Newsletter' });
  const upload = await api.call(`POST /api/v1/lists/${list}/imports`, { ...CSV, key });
  await api.call('PUT /api/v1/providers/postmark', { key, payload: {} });
  return {
    list,
    provider: 'postmark',
    email: 'mine@example.com',
    subscriber: await made('subscribers', { list_id: list, email: 'mine@example.com', tags: ['mine'] }),
    key: (await api.call('GET /api/v1/keys', { key })).json().data[0].id,
    campaign: await made('campaigns', { list_id: list, subject: 'Mine', html: '<p>mine</p>' }),
    import: upload.json().data.id,
    transport: await made('transports', { name: 'mine', url: 'smtp://mine:pw@relay.example.com' }),
    domain: await made('domains', { domain: 'mine.example' }),
    webhook: await made('webhooks', { url: 'https://mine.example.com/hooks' }),
    member: await made('account/members', { name: 'Mine', email: 'member@example.com', role: 'approver' }),
    field: await made('fields', { name: 'mine', type: 'text' }),
    template: await made('templates', { name: 'Mine', contents: { en: { html: 'mine@example.com' } } }),
    newsletter: await made('newsletters', {
      ...{ name: 'Mine', list_id: list, schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' }, html: 'mine' },
    }),
    message: await made('messages', { to: 'mine@example.com', subject: 'Mine', text: 'mine' }),
  };
}
