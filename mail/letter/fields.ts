import { preferencesUrl, unsubscribeUrl, viewUrl } from '../tokens/link-tokens.js';
import type { Recipient } from './letter.js';

/** What the personal parts of a mail are filled from. All links of the recipient use one token. */
export interface MailFields {
  readonly recipient: Recipient;
  readonly publicUrl: string;
  readonly token: string;
}

type Read = (fields: MailFields) => unknown;

/** The Liquid field that holds the recipient's token. Every tracked link contains it, also within Liquid blocks. */
export const TOKEN_FIELD = 'everpost_token';

/** These take precedence over attributes of the same name. */
const BUILT_IN: Readonly<Record<string, Read>> = {
  attributes: ({ recipient }) => recipient.attributes,
  email: ({ recipient }) => recipient.email,
  first_name: ({ recipient }) => recipient.first_name,
  last_name: ({ recipient }) => recipient.last_name,
  tags: ({ recipient }) => recipient.tags,
  unsubscribe_url: ({ publicUrl, token }) => unsubscribeUrl(publicUrl, token),
  preferences_url: ({ publicUrl, token }) => preferencesUrl(publicUrl, token),
  view_url: ({ publicUrl, token }) => viewUrl(publicUrl, token),
  [TOKEN_FIELD]: ({ token }) => token,
};

/** Reads one field; an unknown one is undefined. */
export function fieldReader(name: string): Read {
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  return builtIn ?? attributeReader(name);
}

export function attributeReader(name: string): Read {
  return ({ recipient: { attributes } }) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined);
}

/** All fields at once, as the variables of a Liquid template. */
export function fieldsOf(fields: MailFields): Readonly<Record<string, unknown>> {
  const all: Record<string, unknown> = { ...fields.recipient.attributes };
  for (const [name, read] of Object.entries(BUILT_IN)) all[name] = read(fields);
  return all;
}
