import type { Config } from '../config.js';
import type { Store } from '../store/connect.js';
import { contents } from '../store/contents.js';
import { river } from '../store/river.js';
import { deliveries } from '../store/webhook/deliveries.js';
import { endpoints } from '../store/webhook/endpoints.js';
import { webClient } from '../web/client.js';

export interface HookSurroundings {
  readonly config: Pick<Config, 'allowedPrivateHosts'>;
  readonly store: Store;
  readonly secret: string;
}

/** What deliveries to webhook endpoints need, put together once a process. */
export function hookParts({ config, store, secret }: HookSurroundings) {
  return {
    river: river(store),
    endpoints: endpoints(store, secret),
    deliveries: deliveries(store),
    contents: contents(store),
    web: webClient({ exceptions: config.allowedPrivateHosts }),
  };
}
