import { shortReply } from '../../domain/delivery/scrub.js';
import { refusesTracking } from '../../domain/tracking/visit.js';
import { parseMailbox } from '../address.js';
import { liquidFault } from '../liquid/engine.js';
import { mailboxField, textField } from '../mime/headers.js';
import { quotedValue } from '../mime/quoted-printable.js';
import { type LinkTokens, unsubscribeUrl } from '../tokens/link-tokens.js';
import { listUnsubscribe } from '../tokens/return-path.js';
import { type CompiledLetter, messageIdOf } from './compile.js';
import type { Recipient, SplicedMail, Unrenderable } from './letter.js';
import type { Rendering } from './slots.js';

/** The form of nearly all addresses; the others are parsed. */
const PLAIN_ADDRESS = /^[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9]*$/i;

/**
 * Renders a compiled letter for one recipient. If that fails because of the letter or the recipient, returns
 * `Unrenderable` and does not throw.
 */
export function spliceMail(
  compiled: CompiledLetter,
  recipient: Recipient,
  at: Date,
  links: LinkTokens,
): SplicedMail | Unrenderable {
  if (compiled.untracked !== undefined && refusesTracking(recipient.attributes)) {
    return spliceMail(compiled.untracked, recipient, at, links);
  }
  const to = envelopeAddress(recipient.email);
  if (typeof to !== 'string') return to;
  const { campaign, publicUrl, bounceDomain, tracking } = compiled.letter;
  const token = links.forRecipient(campaign, recipient.id, tracking === undefined ? undefined : at);
  const rendering: Rendering = { fields: { recipient, publicUrl, token }, contexts: {} };
  const messageId = messageIdOf(compiled, recipient.id);
  try {
    const head = [
      mailboxField('To', nameOf(recipient), to),
      textField('Subject', subjectFor(compiled, rendering)),
      `Date: ${at.toUTCString().replace('GMT', '+0000')}\r\n`,
      `Message-ID: ${messageId}\r\n`,
      listUnsubscribe(unsubscribeUrl(publicUrl, token), token, bounceDomain),
    ].join('');
    const chunks = [Buffer.from(head, 'latin1'), ...bodyFor(compiled, rendering)];
    return { kind: 'mail', envelope: { from: compiled.sender.address, to }, messageId, chunks };
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return { kind: 'unrenderable', class: 'render_error', scope: 'message', code: null, reason: shortReply(fault) };
  }
}

function bodyFor({ plan, slots }: CompiledLetter, rendering: Rendering): Buffer[] {
  const values: (Buffer | undefined)[] = [];
  const chunks: Buffer[] = [];
  for (const piece of plan) {
    if (typeof piece === 'object') {
      chunks.push(piece);
      continue;
    }
    let value = values[piece];
    if (value === undefined) {
      const slot = slots[piece];
      if (slot === undefined) continue;
      value = quotedValue(slot.render(rendering, slot.part));
      values[piece] = value;
    }
    if (value.length > 0) chunks.push(value);
  }
  return chunks;
}

function subjectFor({ subject }: CompiledLetter, rendering: Rendering): string {
  let text = '';
  for (const piece of subject) text += typeof piece === 'string' ? piece : piece.render(rendering, 'subject');
  return text;
}

function nameOf({ first_name, last_name }: Recipient): string {
  return `${first_name ?? ''} ${last_name ?? ''}`.trim();
}

/**
 * Returns the address for the SMTP envelope. A server without SMTPUTF8 takes ASCII only (RFC 6531 §3.1), so other
 * addresses are `eai_unsupported`.
 */
export function envelopeAddress(email: string): string | Unrenderable {
  if (email.length <= 64 && PLAIN_ADDRESS.test(email)) return email;
  const address = parseMailbox(email);
  if (address?.ascii === true) return address.envelope;
  const refused = { kind: 'unrenderable', scope: 'message' } as const;
  if (address === undefined) {
    return {
      ...refused,
      class: 'invalid_address',
      code: '5.1.3',
      reason: 'The address is not a single valid mailbox.',
    };
  }
  return { ...refused, class: 'eai_unsupported', code: '5.6.7', reason: 'Only ASCII is possible before the @.' };
}
