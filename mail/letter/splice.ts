import { shortReply } from '../../domain/delivery/scrub.js';
import { refusesTracking } from '../../domain/tracking/visit.js';
import { parseMailbox } from '../address.js';
import { liquidFault } from '../liquid/engine.js';
import { mailboxField, textField } from '../mime/headers.js';
import { quotedValue } from '../mime/quoted-printable.js';
import { type LinkTokens, preferencesUrl, unsubscribeUrl, viewUrl } from '../tokens/link-tokens.js';
import { listUnsubscribe } from '../tokens/return-path.js';
import { type CompiledLetter, messageIdOf, type Part } from './compile.js';
import type { Recipient, SplicedMail, Unrenderable } from './letter.js';
import { type Fields, type Rendering, rendering } from './slots.js';
import { TOKEN_FIELD } from './tracking.js';

type Renderings = Readonly<Record<Part, Rendering>>;

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
  const fields = { ...fieldsOf(recipient, publicUrl, token), [TOKEN_FIELD]: token };
  const parts: Renderings = {
    subject: rendering(fields, 'plain'),
    text: rendering(fields, 'plain'),
    html: rendering(fields, 'html'),
  };
  const messageId = messageIdOf(compiled, recipient.id);
  try {
    const head = [
      mailboxField('To', nameOf(recipient), to),
      textField('Subject', subjectFor(compiled, parts.subject)),
      `Date: ${at.toUTCString().replace('GMT', '+0000')}\r\n`,
      `Message-ID: ${messageId}\r\n`,
      listUnsubscribe(unsubscribeUrl(publicUrl, token), token, bounceDomain),
    ].join('');
    const chunks = [Buffer.from(head, 'latin1'), ...bodyFor(compiled, parts)];
    return { kind: 'mail', envelope: { from: compiled.sender.address, to }, messageId, chunks };
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return { kind: 'unrenderable', class: 'render_error', scope: 'message', code: null, reason: shortReply(fault) };
  }
}

function bodyFor({ plan, slots }: CompiledLetter, parts: Renderings): Buffer[] {
  const values: (Buffer | undefined)[] = new Array(slots.length);
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
      value = quotedValue(slot.render(parts[slot.part]));
      values[piece] = value;
    }
    if (value.length > 0) chunks.push(value);
  }
  return chunks;
}

function subjectFor({ subject }: CompiledLetter, part: Rendering): string {
  let text = '';
  for (const piece of subject) text += typeof piece === 'string' ? piece : piece.render(part);
  return text;
}

/** Built-in fields take precedence over attributes of the same name. All links of the recipient use one token. */
export function fieldsOf(recipient: Recipient, publicUrl: string, token: string): Fields {
  return {
    ...recipient.attributes,
    attributes: recipient.attributes,
    email: recipient.email,
    first_name: recipient.first_name,
    last_name: recipient.last_name,
    tags: recipient.tags ?? [],
    unsubscribe_url: unsubscribeUrl(publicUrl, token),
    preferences_url: preferencesUrl(publicUrl, token),
    view_url: viewUrl(publicUrl, token),
  };
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
