import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import type { Everpost } from '../start.js';

export interface Totals {
  readonly recipients: number;
  readonly sent: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly skipped: number;
  readonly deferred: number;
}
export interface DemoCampaign {
  readonly id: number;
  readonly state: string;
  readonly recipient_count: number;
  readonly stats: Totals;
}
export interface DemoImport {
  readonly id: number;
  readonly state: string;
  readonly rows: number;
  readonly created: number;
}

export type DemoApi = Awaited<ReturnType<typeof demoApi>>;

/** The few calls of the demo, over HTTP like anybody's. */
export async function demoApi({ api, demoKey, at }: Pick<Everpost, 'api' | 'demoKey' | 'at'>) {
  const key = await demoKey();
  const call = async <T>(method: string, path: string, body?: string | Blob, type?: string): Promise<T> => {
    const headers = { authorization: `Bearer ${key}`, ...(type === undefined ? {} : { 'content-type': type }) };
    const idempotent = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
    const answer = await fetch(`${api}/api/v1${path}`, {
      method,
      headers: { ...headers, ...idempotent },
      ...(body === undefined ? {} : { body }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { data: T }).data;
  };
  const post = <T>(path: string, body: object) => call<T>('POST', path, JSON.stringify(body), 'application/json');

  return {
    createList: async (name: string): Promise<number> => (await post<{ id: number }>('/lists', { name })).id,
    importCsv: async (list: number, path: string): Promise<number> => {
      const file = await openAsBlob(path);
      return (await call<{ id: number }>('POST', `/lists/${list}/imports`, file, 'text/csv')).id;
    },
    importOf: (id: number) => call<DemoImport>('GET', `/imports/${id}`),
    sendCampaign: async (list: number, html: string): Promise<number> => {
      const subject = 'Hello {{ first_name }}, this is Everpost';
      return (await post<{ id: number }>('/campaigns', { list_id: list, subject, html, send: true })).id;
    },
    campaign: (id: number) => call<DemoCampaign>('GET', `/campaigns/${id}`),
    /** Mails in the catcher; undefined where mail goes elsewhere. */
    caught: async (): Promise<number | undefined> => {
      if (at.inboxUrl === undefined) return undefined;
      const answer = await fetch(`${at.inboxUrl}/api/count`);
      return ((await answer.json()) as { count: number }).count;
    },
  };
}
