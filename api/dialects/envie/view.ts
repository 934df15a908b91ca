import type { List } from '../../../store/lists.js';
import type { Subscriber } from '../../../store/subscribers.js';
import { timestamp } from '../../timestamp.js';

/** Where the parts of a company's address stand on an envelope. */
const ADDRESS_FORMAT = '{name}\n{address_1}\n{address_2}\n{zip_code} {city}\n{zone_name}\n{country}';

const shown = (value: string | null): string => value ?? '';
const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');
/** A word of two letters may be the code of a country or a state. */
const codeIn = (value: string | null): string => (/^[A-Za-z]{2}$/.test(value ?? '') ? shown(value).toUpperCase() : '');

/** A list as envie shows it: every field is text, and what is not known is empty. */
export function recordOf({ uid, name, description, defaults, notifications, company }: List) {
  const { zone, country, ...address } = company;
  return {
    general: { list_uid: uid, name, display_name: name, description: shown(description) },
    defaults: {
      from_name: shown(defaults.from?.name ?? null),
      reply_to: shown(defaults.reply_to),
      subject: shown(defaults.subject),
    },
    notifications: {
      subscribe: yesOrNo(notifications.subscribe),
      unsubscribe: yesOrNo(notifications.unsubscribe),
      subscribe_to: shown(notifications.subscribe_to),
      unsubscribe_to: shown(notifications.unsubscribe_to),
    },
    company: {
      name: shown(address.name),
      address_1: shown(address.address_1),
      address_2: shown(address.address_2),
      zone_name: shown(zone),
      city: shown(address.city),
      zip_code: shown(address.zip_code),
      address_format: ADDRESS_FORMAT,
      country: { country_id: codeIn(country), name: shown(country), code: codeIn(country) },
      zone: { zone_id: codeIn(zone), name: shown(zone), code: codeIn(zone) },
    },
  };
}

/** A subscriber as envie shows it; the uid is the native id as text. */
export function subscriberOf({ _id, email, first_name, last_name, status, source, ip, created_at }: Subscriber) {
  return {
    subscriber_uid: String(_id),
    EMAIL: email,
    FNAME: shown(first_name),
    LNAME: shown(last_name),
    status,
    source,
    ip_address: shown(ip),
    date_added: timestamp(created_at),
  };
}

interface PageOf {
  readonly page: number;
  readonly per_page: number;
}

/** `count` is text, the numbers of pages are numbers. */
export function pageOf({ page, per_page }: PageOf, total: number) {
  const total_pages = Math.max(1, Math.ceil(total / per_page));
  return { count: String(total), total_pages, current_page: page };
}
