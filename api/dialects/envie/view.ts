import type { List } from '../../../store/lists/lists.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import { timestamp } from '../../timestamp.js';

/** The layout of a company's postal address. */
const ADDRESS_FORMAT = '{name}\n{address_1}\n{address_2}\n{zip_code} {city}\n{zone_name}\n{country}';

const textOrEmpty = (value: string | null): string => value ?? '';
const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');
/** Two letters are shown as the code of a country or a state. */
const codeIn = (value: string | null): string =>
  /^[A-Za-z]{2}$/.test(value ?? '') ? textOrEmpty(value).toUpperCase() : '';

/** A list as envie shows it: every field is text, and unknown values are empty. */
export function recordOf({ uid, name, description, defaults, notifications, company }: List) {
  const { zone, country, ...address } = company;
  return {
    general: { list_uid: uid, name, display_name: name, description: textOrEmpty(description) },
    defaults: {
      from_name: textOrEmpty(defaults.from?.name ?? null),
      reply_to: textOrEmpty(defaults.reply_to),
      subject: textOrEmpty(defaults.subject),
    },
    notifications: {
      subscribe: yesOrNo(notifications.subscribe),
      unsubscribe: yesOrNo(notifications.unsubscribe),
      subscribe_to: textOrEmpty(notifications.subscribe_to),
      unsubscribe_to: textOrEmpty(notifications.unsubscribe_to),
    },
    company: {
      name: textOrEmpty(address.name),
      address_1: textOrEmpty(address.address_1),
      address_2: textOrEmpty(address.address_2),
      zone_name: textOrEmpty(zone),
      city: textOrEmpty(address.city),
      zip_code: textOrEmpty(address.zip_code),
      address_format: ADDRESS_FORMAT,
      country: { country_id: codeIn(country), name: textOrEmpty(country), code: codeIn(country) },
      zone: { zone_id: codeIn(zone), name: textOrEmpty(zone), code: codeIn(zone) },
    },
  };
}

/** A subscriber as envie shows it; the uid is the native id as text. */
export function subscriberOf({ _id, email, first_name, last_name, status, source, ip, created_at }: Subscriber) {
  return {
    subscriber_uid: String(_id),
    EMAIL: email,
    FNAME: textOrEmpty(first_name),
    LNAME: textOrEmpty(last_name),
    status,
    source,
    ip_address: textOrEmpty(ip),
    date_added: timestamp(created_at),
  };
}

interface PageNumbers {
  readonly page: number;
  readonly per_page: number;
}

/** `count` is text; page numbers are numbers. */
export function pageOf({ page, per_page }: PageNumbers, total: number) {
  const total_pages = Math.max(1, Math.ceil(total / per_page));
  return { count: String(total), total_pages, current_page: page };
}
