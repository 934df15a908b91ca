/** `pending`: asked to confirm, and mailed nothing else until they have. */
export const SUBSCRIBER_STATUSES = ['active', 'pending', 'unsubscribed', 'bounced', 'complained'] as const;
export type SubscriberStatus = (typeof SUBSCRIBER_STATUSES)[number];

/** Whoever a caller adds again is back, if this is how they stood; a bounce or a complaint is not undone like that. */
export const RESUBSCRIBABLE: readonly SubscriberStatus[] = ['unsubscribed', 'pending'];

export type Scalar = string | number | boolean;
export type Attributes = Readonly<Record<string, Scalar>>;

/** What a caller may say about a person. In `attributes` null removes one; what is not named stays. */
export interface SubscriberFields {
  readonly first_name?: string | null | undefined;
  readonly last_name?: string | null | undefined;
  readonly attributes?: Readonly<Record<string, Scalar | null>> | undefined;
  /** Added to the ones there are, unless the caller replaces them. */
  readonly tags?: readonly string[] | undefined;
}

/** A person to put on a list; address and identity are already checked. */
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

/** Dots and dollars would be paths and operators in the store; a letter first makes it a name in a template. */
export const ATTRIBUTE_NAME = '^[\\p{L}_][\\p{L}\\p{N}_ -]{0,63}$';

export const NO_FIELDS: KnownFields = { first_name: null, last_name: null, attributes: {}, tags: [] };

/** The person after the change; pure, so that a batch and a single call agree. */
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
