import { webhookActivities } from '../../../activities/webhook/delivery.js';
import { now as moment } from '../../../clock.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { eventLog } from '../../../store/events/event-log.js';
import { type Event, events } from '../../../store/events/events.js';
import { contents } from '../../../store/messages/contents.js';
import { messages } from '../../../store/messages/messages.js';
import { openStore } from '../../../store/mongo/connect.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { deliveries } from '../../../store/webhooks/deliveries.js';
import { endpoints } from '../../../store/webhooks/endpoints.js';
import type { Endpoint, NewEndpoint } from '../../../store/webhooks/row.js';
import { webClient } from '../../../web/client.js';
import { testDatabase } from '../servers/test-servers.js';

export type WebhookFixture = Awaited<ReturnType<typeof webhookFixture>>;

/** The deliveries of a worker over a real store, without Temporal. */
export async function webhookFixture() {
  const database = await testDatabase();
  const store = await openStore({ url: database.url, database: database.name });
  const web = webClient({ exceptions: ['127.0.0.1'] });
  const rows = endpoints(store, 'a secret for the tests');
  const deps = {
    endpoints: rows,
    deliveries: deliveries(store),
    eventLog: eventLog(store),
    events: events(store),
    campaigns: campaigns(store),
    recipients: recipients(store),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    messages: messages(store),
    contents: contents(store),
    web,
    heartbeat: () => undefined,
    stopping: new AbortController().signal,
  };
  const now = async ({ _id, account }: Endpoint): Promise<Endpoint> => {
    const found = await rows.find(account, _id);
    if (typeof found === 'string') throw new Error(found);
    return found;
  };
  return {
    store,
    deps,
    row: now,
    /** An endpoint of an account of its own. */
    endpoint: async (account: number, url: string, over: Partial<NewEndpoint> = {}) => {
      const fields = { url, description: null, events: ['*'], format: 'standard' as const, ordered: false, cursor: 0 };
      return rows.create(account, { ...fields, ...over });
    },
    /** Appended and put in order. */
    appendEvents: async (account: number, ids: readonly string[], over: Partial<Event> = {}): Promise<void> => {
      const type = 'campaign.sent';
      await deps.events.append(
        ids.map((_id) => ({ _id: `${account}:${_id}`, account, type, data: { n: _id }, ...over })),
      );
      await deps.eventLog.assignSequences(account);
    },
    pass: ({ _id, account }: Endpoint, over: Partial<typeof deps> = {}) =>
      webhookActivities({ ...deps, ...over }).deliverEvents({ account, endpoint: _id }),
    /** Everything that happened is to be delivered once more. */
    replay: async (row: Endpoint): Promise<void> => {
      const found = await deps.eventLog.page(row.account, { limit: 1_000 });
      const events = found.map(({ public_id: event, seq, type }) => ({ event, seq, type }));
      await deps.deliveries.replay(row, events, moment());
    },
    log: ({ _id, account }: Endpoint) => deps.deliveries.page({ _id, account }, { limit: 1_000 }),
    close: async () => {
      await web.close();
      await store.close();
      await database.drop();
    },
  };
}
