/** `pending`: has to confirm, and gets no other mail until then. */
export const SUBSCRIBER_STATUSES = ['active', 'pending', 'unsubscribed', 'bounced', 'complained'] as const;
export type SubscriberStatus = (typeof SUBSCRIBER_STATUSES)[number];

/** Adding people with these statuses again reactivates them; bounces and complaints stay. */
export const RESUBSCRIBABLE: readonly SubscriberStatus[] = ['unsubscribed', 'pending'];

export type Scalar = string | number | boolean;
export type Attributes = Readonly<Record<string, Scalar>>;

interface Membership {
  readonly status: SubscriberStatus;
  readonly unsubscribed_at: Date | null;
}

/** Whether adding a person again makes them active. `reactivate` false: not if they had unsubscribed. */
export function mayComeBack({ status, unsubscribed_at }: Membership, reactivate: boolean): boolean {
  return RESUBSCRIBABLE.includes(status) && (reactivate || unsubscribed_at === null);
}

/** Fields that a caller may set. In `attributes` null removes one; omitted ones stay. */
export interface SubscriberFields {
  readonly first_name?: string | null | undefined;
  readonly last_name?: string | null | undefined;
  readonly attributes?: Readonly<Record<string, Scalar | null>> | undefined;
  /** Added to the existing tags, unless the caller replaces them. */
  readonly tags?: readonly string[] | undefined;
}

/** A person to add to a list; address and identity are already validated. */
export interface SubscriberRequest extends SubscriberFields {
  readonly email: string;
  readonly email_key: string;
}

export interface KnownFields {
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly attributes: Attributes;
  readonly tags: readonly string[];
}

export const SUBSCRIBER_LIMITS = { attributes: 50, attributeBytes: 4096, tags: 50 } as const;

/**
 * MongoDB would read dots and dollars as paths and operators; the first character makes it a valid name in a template.
 */
export const ATTRIBUTE_NAME = '^[\\p{L}_][\\p{L}\\p{N}_ -]{0,63}$';

export const NO_FIELDS: KnownFields = { first_name: null, last_name: null, attributes: {}, tags: [] };

/** The fields after the change; pure, so that a batch and a single call give the same result. */
export function merged(known: KnownFields, change: SubscriberFields, tags: 'add' | 'replace' = 'add'): KnownFields {
  return {
    first_name: change.first_name === undefined ? known.first_name : change.first_name,
    last_name: change.last_name === undefined ? known.last_name : change.last_name,
    attributes: change.attributes === undefined ? known.attributes : withoutNulls(known.attributes, change.attributes),
    tags:
      change.tags === undefined
        ? known.tags
        : [...new Set(tags === 'add' ? [...known.tags, ...change.tags] : change.tags)],
  };
}

export function tooLarge({ attributes, tags }: KnownFields): 'attributes' | 'tags' | undefined {
  const size = new TextEncoder().encode(JSON.stringify(attributes)).length;
  const names = Object.keys(attributes).length;
  if (names > SUBSCRIBER_LIMITS.attributes || size > SUBSCRIBER_LIMITS.attributeBytes) return 'attributes';
  return tags.length > SUBSCRIBER_LIMITS.tags ? 'tags' : undefined;
}

export function sameFields(a: KnownFields, b: KnownFields): boolean {
  return (
    a.first_name === b.first_name &&
    a.last_name === b.last_name &&
    sameEntries(a.attributes, b.attributes) &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag) => b.tags.includes(tag))
  );
}

function withoutNulls(known: Attributes, change: Readonly<Record<string, Scalar | null>>): Attributes {
  const all = Object.entries({ ...known, ...change });
  return Object.fromEntries(all.filter((entry): entry is [string, Scalar] => entry[1] !== null));
}

function sameEntries(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
