import type { EventKind } from './event-kind.js';

const BY_STATUS = 'subscriber:<subscriber>:<status>';
const DATA = 'list_id, status';
const CONFIRMING = 'store/confirmations/confirming.ts';
const DEPARTURES = 'store/subscribers/departures.ts';

const subscriber = (type: string, when: string, over: Partial<EventKind> = {}): EventKind => ({
  type: `subscriber.${type}`,
  when,
  id: 'a random UUID',
  data: DATA,
  by: 'store/subscribers/changes.ts',
  ...over,
});

export const SUBSCRIBER_EVENTS: readonly EventKind[] = [
  subscriber('created', 'an address was added to a list'),
  subscriber('pending', 'a confirmation mail was requested for an address', { by: 'store/confirmations/requests.ts' }),
  subscriber('created', 'a new address was confirmed', { by: CONFIRMING }),
  subscriber('reactivated', 'a subscriber who had left was confirmed again', { by: CONFIRMING }),
  subscriber('unconfirmed', 'the confirmation expired', { by: CONFIRMING }),
  subscriber('updated', 'name, attributes or tags changed'),
  subscriber('reactivated', 'a subscriber who had left was added again'),
  subscriber('unsubscribed', 'the subscriber left the list', {
    data: `${DATA}, by (api, link, one_click, preferences or mail)`,
    by: DEPARTURES,
  }),
  subscriber('bounced', 'a hard bounce removed the address from the list', { id: BY_STATUS, by: DEPARTURES }),
  subscriber('complained', 'a complaint removed the address from the list', { id: BY_STATUS, by: DEPARTURES }),
  subscriber('erased', 'the personal data of the subscriber was erased', { by: DEPARTURES }),
];
