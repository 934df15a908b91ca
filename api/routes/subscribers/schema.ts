import { type Static, Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { checkAttributes, type FieldRules } from '../../../domain/subscriber/custom-field.js';
import { publicSubscriber } from '../../../domain/subscriber/public-subscriber.js';
import {
  ATTRIBUTE_NAME,
  SUBSCRIBER_LIMITS,
  SUBSCRIBER_STATUSES,
  type SubscriberFields,
} from '../../../domain/subscriber/subscriber.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import { MAX_ERRORS } from '../../hooks/field-errors.js';
import { closed, Id, Line, Mailbox, nullable, Timestamp } from '../../schema/fields.js';
import { pageFields } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { personFields } from '../people/search.js';

const Attribute = Type.Unsafe<string | number | boolean | null>({
  type: ['string', 'number', 'boolean', 'null'],
  maxLength: 2048,
});

/** Null removes an attribute. */
const Attributes = Type.Unsafe<Record<string, string | number | boolean | null>>({
  type: 'object',
  maxProperties: SUBSCRIBER_LIMITS.attributes,
  patternProperties: { [ATTRIBUTE_NAME]: Attribute },
  additionalProperties: false,
});

const Tags = Type.Array(Line(64, 1), { maxItems: SUBSCRIBER_LIMITS.tags });

const person = {
  first_name: Type.Optional(nullable(Line(255))),
  last_name: Type.Optional(nullable(Line(255))),
  attributes: Type.Optional(Attributes),
  tags: Type.Optional(Tags),
};

const Reactivate = Type.Optional(
  Type.Boolean({
    description: 'False: people who unsubscribed stay so. The default is `reactivate` of the account, which is true.',
  }),
);

export const NewSubscriber = Type.Object(
  {
    email: Mailbox,
    list_id: Id,
    status: Type.Optional(Type.Enum(['active', 'pending'])),
    ...person,
    reactivate: Reactivate,
  },
  { ...closed, examples: [{ email: 'alice@example.com', list_id: 1, first_name: 'Alice' }] },
);

export const SubscriberPatch = Type.Object(person, closed);

/** Each row is checked alone: a malformed row is counted and reported, and the batch continues. */
export const BatchRow = Type.Object({ email: Type.String({ maxLength: 320 }), ...person }, closed);
const AnyRow = Type.Unsafe<unknown>({ anyOf: [BatchRow, { description: 'Any other row is invalid.' }] });

export const SubscriberBatch = Type.Object(
  { list_id: Id, subscribers: Type.Array(AnyRow, { minItems: 1, maxItems: 1000 }), reactivate: Reactivate },
  {
    ...closed,
    examples: [
      {
        list_id: 1,
        subscribers: [
          { email: 'alice@example.com', first_name: 'Alice', tags: ['imported'] },
          { email: 'bob@example.com', first_name: 'Bob' },
        ],
      },
    ],
  },
);

export const BatchResult = Type.Object(
  {
    data: Type.Object({
      list_id: Id,
      created: Type.Integer(),
      updated: Type.Integer(),
      reactivated: Type.Integer(),
      invalid: Type.Integer(),
      skipped_over_cap: Type.Integer(),
      invalid_examples: Type.Array(Type.String()),
    }),
    meta: Type.Object({ received: Type.Integer(), processed: Type.Integer() }),
  },
  {
    examples: [
      {
        data: {
          list_id: 1,
          created: 842,
          updated: 153,
          reactivated: 4,
          invalid: 5,
          skipped_over_cap: 0,
          invalid_examples: ['bad@', 'not-an-email'],
        },
        meta: { received: 1000, processed: 995 },
      },
    ],
  },
);

export const SubscriberSearch = Type.Object(
  {
    list_id: Type.Optional(Id),
    status: Type.Optional(Type.Enum([...SUBSCRIBER_STATUSES])),
    search: Type.Optional(Line(254)),
    tag: Type.Optional(Line(64)),
    ...personFields,
    ...pageFields(50),
  },
  closed,
);

const ConsentView = Type.Object({
  source: Type.String(),
  ip: nullable(Type.String()),
  at: Timestamp,
  confirmed_ip: nullable(Type.String()),
  confirmed_at: nullable(Timestamp),
});

export const SubscriberView = Type.Object(
  {
    id: Id,
    list_id: Id,
    email: Type.String(),
    first_name: nullable(Type.String()),
    last_name: nullable(Type.String()),
    status: Type.Enum([...SUBSCRIBER_STATUSES]),
    suppressed: Type.Boolean(),
    attributes: Type.Unsafe<Subscriber['attributes']>({ type: 'object', additionalProperties: true }),
    tags: Type.Array(Type.String()),
    source: Type.String(),
    consent: Type.Optional(ConsentView),
    subscribed_at: Timestamp,
    unsubscribed_at: nullable(Timestamp),
  },
  {
    examples: [
      {
        id: 42,
        list_id: 1,
        email: 'alice@example.com',
        first_name: 'Alice',
        last_name: null,
        status: 'active',
        suppressed: false,
        attributes: {},
        tags: [],
        source: 'api',
        subscribed_at: '2026-05-01T08:13:00+00:00',
        unsubscribed_at: null,
      },
    ],
  },
);

export function subscriberView(row: Subscriber, suppressed: ReadonlySet<string>): Static<typeof SubscriberView> {
  return publicSubscriber(row, suppressed.has(row.email_key));
}

/**
 * Converts the attributes to the types of the account's fields. Throws a failure that names each attribute that does not
 * fit.
 */
export async function withValidAttributes<T extends SubscriberFields>(
  { customFields }: Pick<Deps, 'customFields'>,
  account: number,
  person: T,
): Promise<T> {
  if (person.attributes === undefined) return person;
  const fit = fitAttributes(person, await customFields.rules(account));
  if (!('faults' in fit)) return fit;
  const faults = fit.faults.slice(0, MAX_ERRORS);
  throw new Failure(
    'validation_failed',
    Object.fromEntries(faults.map(({ name, sentence }) => [`attributes.${name}`, [sentence]])),
  );
}

/** The same for one subscriber of a batch; returns the faults instead of throwing. */
export function fitAttributes<T extends SubscriberFields>(person: T, rules: FieldRules) {
  if (person.attributes === undefined) return person;
  const fit = checkAttributes(person.attributes, rules);
  return fit.kind === 'faults' ? { faults: fit.faults } : { ...person, attributes: fit.attributes };
}
