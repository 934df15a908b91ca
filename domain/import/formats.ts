import type { ColumnField } from './column-fields.js';

/** An export of a known product, recognised by its headers, which are compared without case, blanks and punctuation. */
interface Format {
  readonly name: string;
  readonly has: readonly string[];
  readonly hasOneOf?: readonly string[];
  /** These headers and no other. */
  readonly only?: true;
  /** What its columns mean where the header alone does not say it. */
  readonly fields: Readonly<Record<string, ColumnField>>;
}

const skipped = (headers: string) => Object.fromEntries(headers.split(/\s+/).map((header) => [header, null]));

export const OWN_FORMAT = 'everpost';

const FORMATS: readonly Format[] = [
  {
    name: OWN_FORMAT,
    has: ['email', 'firstname', 'lastname', 'status', 'tags', 'attributes', 'subscribedat', 'unsubscribedat'],
    fields: { attributes: 'attributes', status: 'status', ...skipped('id suppressed source') },
  },
  {
    name: 'listmonk',
    has: ['uuid', 'email', 'name', 'status'],
    fields: {
      ...{
        status: 'status',
        attributes: 'attributes',
        attribs: 'attributes',
        name: 'name',
        createdat: 'subscribed_at',
      },
      ...skipped('id uuid updatedat lists'),
    },
  },
  {
    name: 'mailchimp',
    has: ['emailaddress'],
    hasOneOf: ['memberrating', 'leid', 'euid', 'optintime', 'unsubtime', 'cleantime'],
    fields: {
      ...{ unsubtime: 'unsubscribed_at', cleantime: 'bounced_at', confirmtime: 'subscribed_at' },
      ...skipped(
        'memberrating optintime optinip confirmip latitude longitude gmtoff dstoff timezone cc region lastchanged leid euid notes unsubcampaigntitle unsubcampaignid unsubreason unsubreasonother cleancampaigntitle cleancampaignid',
      ),
    },
  },
  {
    name: 'ghost',
    has: ['email', 'subscribedtoemails'],
    fields: {
      ...{ name: 'name', labels: 'tags', createdat: 'subscribed_at', deletedat: 'unsubscribed_at' },
      ...skipped('id stripecustomerid importtier'),
    },
  },
  {
    name: 'klaviyo',
    has: ['email'],
    hasOneOf: ['klaviyoid', 'emailmarketingconsent', 'emailmarketingconsenttimestamp', 'emailsuppressions'],
    fields: {
      ...{
        emailmarketingconsent: 'status',
        emailsuppressions: 'blocked',
        emailmarketingconsenttimestamp: 'subscribed_at',
      },
      ...skipped('klaviyoid externalid profilecreatedon lastactive lastopen lastclick ipaddress'),
    },
  },
  {
    name: 'brevo',
    has: ['email'],
    hasOneOf: ['emailblacklisted', 'emailblocklisted', 'smsblacklisted', 'smsblocklisted', 'addedtime'],
    fields: { addedtime: 'subscribed_at', ...skipped('contactid smsblacklisted smsblocklisted modifiedtime') },
  },
  {
    name: 'sendgrid',
    has: ['email', 'contactid'],
    hasOneOf: ['createdat', 'alternateemails', 'phonenumberid'],
    fields: { createdat: 'subscribed_at', ...skipped('contactid uniquename updatedat alternateemails phonenumberid') },
  },
  {
    name: 'sendgrid',
    has: ['status', 'reason', 'email', 'created'],
    only: true,
    fields: { created: 'bounced_at', ...skipped('status reason') },
  },
  { name: 'sendgrid', has: ['ip', 'email', 'created'], only: true, fields: { created: 'complained_at', ip: null } },
];

/** The known export that these folded headers belong to. */
export function formatOf(headers: readonly string[]): Format | undefined {
  const given = new Set(headers);
  return FORMATS.find(
    ({ has, hasOneOf, only }) =>
      has.every((header) => given.has(header)) &&
      (hasOneOf === undefined || hasOneOf.some((header) => given.has(header))) &&
      (only === undefined || given.size === has.length),
  );
}
