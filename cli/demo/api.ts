import { openAsBlob } from 'node:fs';
import { everpost } from '../../client/everpost.js';
import type { Everpost } from '../start.js';

export type DemoApi = Awaited<ReturnType<typeof demoApi>>;

/** The API calls of the demo, made with the published client. */
export async function demoApi({ api, demoKey, at }: Pick<Everpost, 'api' | 'demoKey' | 'at'>) {
  const client = everpost({ url: api, key: await demoKey() });
  return {
    createList: async (name: string): Promise<number> =>
      (await client.post('/api/v1/lists', { body: { name } })).data.id,
    importCsv: async (list: number, csv: string): Promise<number> => {
      const file = await openAsBlob(csv, { type: 'text/csv' });
      return (await client.post('/api/v1/lists/{id}/imports', { path: { id: list }, file })).data.id;
    },
    importOf: async (id: number) => (await client.get('/api/v1/imports/{id}', { path: { id } })).data,
    sendCampaign: async (list_id: number, html: string): Promise<number> => {
      const subject = 'Hello {{ first_name }}, this is Everpost';
      return (await client.post('/api/v1/campaigns', { body: { list_id, subject, html, send: true } })).data.id;
    },
    campaign: async (id: number) => (await client.get('/api/v1/campaigns/{id}', { path: { id } })).data,
    /** Mails in the catcher; undefined if mail goes to another server. */
    caughtMails: async (): Promise<number | undefined> => {
      if (at.inboxUrl === undefined) return undefined;
      const response = await fetch(`${at.inboxUrl}/api/count`);
      return ((await response.json()) as { count: number }).count;
    },
  };
}
