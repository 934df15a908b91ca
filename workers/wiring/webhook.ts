import type { Config } from '../../config.js';
import { eventLog } from '../../store/events/event-log.js';
import { contents } from '../../store/messages/contents.js';
import type { Store } from '../../store/mongo/connect.js';
import { deliveries } from '../../store/webhooks/deliveries.js';
import { endpoints } from '../../store/webhooks/endpoints.js';
import { webClient } from '../../web/client.js';

export interface WebhookDependencies {
  readonly config: Pick<Config, 'allowedPrivateHosts'>;
  readonly store: Store;
  readonly secret: string;
}

/** What deliveries to webhook endpoints need, put together once a process. */
export function webhookWiring({ config, store, secret }: WebhookDependencies) {
  return {
    eventLog: eventLog(store),
    endpoints: endpoints(store, secret),
    deliveries: deliveries(store),
    contents: contents(store),
    web: webClient({ exceptions: config.allowedPrivateHosts }),
  };
}
