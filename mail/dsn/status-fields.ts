import type { RecipientReport } from '../../domain/delivery/evidence.js';
import type { Fields } from './fields.js';

/** Actions of RFC 3464 §2.3.3, and what servers write in their place. */
const ACTIONS: readonly (readonly [RegExp, RecipientReport['action']])[] = [
  [/^(?:delivered|relayed|expanded|success)/, 'delivered'],
  [/^(?:delay|defer|transient|warning|retry)/, 'delayed'],
  [/^(?:fail|expire|undeliver|bounce|reject|permanent|error)/, 'failed'],
];

/** The entry of one recipient; none for the first group of a DSN, which describes the mail as a whole. */
export function reportIn(fields: Fields): RecipientReport[] {
  const written = fields.get('action')?.toLowerCase().trim() ?? '';
  const action = ACTIONS.find(([pattern]) => pattern.test(written))?.[1] ?? actionOfStatus(fields);
  if (action === undefined) return [];
  const status = statusIn(fields.get('status')) ?? statusIn(fields.get('diagnostic-code')) ?? null;
  return [
    {
      action,
      status,
      diagnostic: fields.get('diagnostic-code') || null,
      recipient: addressIn(fields.get('final-recipient')),
      original: addressIn(fields.get('original-recipient')),
    },
  ];
}

/** Some servers leave the action out: a recipient with a failed status has failed. */
function actionOfStatus(fields: Fields): RecipientReport['action'] | undefined {
  if (fields.has('action') || !(fields.has('final-recipient') || fields.has('original-recipient'))) return undefined;
  const digit = statusIn(fields.get('status'))?.charAt(0);
  return digit === '5' ? 'failed' : digit === '4' ? 'delayed' : undefined;
}

function statusIn(value = ''): string | undefined {
  return /(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![\w.]\d)/.exec(value)?.[0];
}

/** `rfc822; <ada@reader.example>` and the like; null where there is no single address, such as a name of a local user. */
function addressIn(value = ''): string | null {
  const found = value.replace(/^\s*[\w-]+\s*;/, '').match(/[^\s<>()"',;:]{1,128}@[^\s<>()"',;:]{1,253}/g) ?? [];
  return found.length === 1 ? (found[0]?.replace(/\.$/, '') ?? null) : null;
}
