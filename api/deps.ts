import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.js';
import { accounts } from '../store/accounts.js';
import type { Store } from '../store/connect.js';
import { events } from '../store/events.js';
import { keys } from '../store/keys.js';
import { lists } from '../store/lists.js';
import { replies } from '../store/replies.js';
import { secrets } from '../store/secrets.js';
import { subscribers } from '../store/subscribers.js';
import { suppressions } from '../store/suppressions.js';
import type { Engine } from './engine.js';

/** The vocabulary of each noun over one open store; `secret` seals what must not lie open in it. */
export function nounStores(store: Store, secret: string) {
  return {
    accounts: accounts(store),
    events: events(store),
    keys: keys(store),
    lists: lists(store),
    replies: replies(store),
    secrets: secrets(store, secret),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
  };
}

/** Everything a route may use. */
export interface Deps extends ReturnType<typeof nounStores> {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly log: FastifyBaseLogger;
}
