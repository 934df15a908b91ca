import { hash } from 'node:crypto';
import { Failure, type FieldErrors } from '../../domain/errors.js';
import { type Address, parseMailbox } from '../address.js';
import { type SourceLimits, TRACKED_LIMITS } from '../liquid/complexity.js';
import { liquidFault, type Mode } from '../liquid/engine.js';
import { mailboxField, oneLine, phrase } from '../mime/headers.js';
import { quotedRun } from '../mime/quoted-printable.js';
import { type Bodies, bodiesOf } from './document.js';
import type { Letter } from './letter.js';
import { type Part, type Slot, slotsIn } from './slots.js';
import { trackedBodies } from './tracking.js';

/** A slot of a body and the part whose variables it sees. */
interface BodySlot extends Slot {
  readonly part: Part;
}

/** A letter ready for splicing: parsed, made into MIME and encoded, except for the personal slots. */
export interface CompiledLetter {
  readonly letter: Letter;
  readonly sender: { readonly address: string; readonly domain: string };
  readonly subject: readonly (string | Slot)[];
  readonly slots: readonly BodySlot[];
  /** Everything after the personal header fields, in order: encoded bytes, or the index of a slot. */
  readonly plan: readonly (Buffer | number)[];
  /** The same letter without tracking, for recipients who have opted out of it. */
  readonly untracked?: CompiledLetter;
}

/** Parses, wraps and encodes a letter once. Throws `validation_failed`, which names the invalid fields. */
export function compileLetter(letter: Letter): CompiledLetter {
  const sources = { addresses: checkedAddresses(letter), subject: slotsIn(letter.subject, 'plain') };
  const bodies = bodiesOf(letter);
  const compiled = assembled(letter, sources, trackedBodies(bodies, letter));
  if (letter.tracking === undefined) return compiled;
  return { ...compiled, untracked: assembled(withoutTracking(letter), sources, bodies) };
}

interface CheckedAddresses {
  readonly from: Address;
  readonly replyTo: Address | undefined;
}

/** Throws `validation_failed`, which names every field of the letter that is invalid. */
function checkedAddresses(letter: Letter): CheckedAddresses {
  const faults: Record<string, readonly string[]> = { ...checkLetter(letter) };
  const from = parseMailbox(letter.from.email);
  const replyTo = letter.replyTo === null ? undefined : parseMailbox(letter.replyTo);
  if (from?.ascii !== true) faults['from'] = ['is not an address that mail can be sent from'];
  if (letter.replyTo !== null && replyTo?.ascii !== true) faults['reply_to'] = ['is not a valid address'];
  if (from === undefined || Object.keys(faults).length > 0) throw new Failure('validation_failed', faults);
  return { from, replyTo };
}

interface CheckedSources {
  readonly addresses: CheckedAddresses;
  readonly subject: CompiledLetter['subject'];
}

function assembled(
  letter: Letter,
  { addresses: { from, replyTo }, subject }: CheckedSources,
  { html, text }: Pick<Bodies, 'html' | 'text'>,
): CompiledLetter {
  const boundary = `=_${hash('sha256', `${letter.boundarySeed} boundary`, 'hex').slice(0, 24)}`;
  const plan = planner();
  plan.add(fixedFields(letter, from.envelope, replyTo?.envelope, boundary));
  plan.add(partHead(boundary, 'text/plain'));
  plan.body(slotsIn(text, 'plain', TRACKED_LIMITS), 'text');
  plan.add(`\r\n${partHead(boundary, 'text/html')}`);
  plan.body(slotsIn(html, 'html', TRACKED_LIMITS), 'html');
  plan.add(`\r\n--${boundary}--\r\n`);
  return {
    letter,
    sender: { address: from.envelope, domain: from.domain },
    subject,
    slots: plan.slots,
    plan: plan.merged(),
  };
}

function withoutTracking({ tracking, ...letter }: Letter): Letter {
  return letter;
}

export type LetterSources = Partial<Readonly<Record<'subject' | 'preheader' | 'html' | 'text', string | null>>>;

/** Returns every field whose Liquid is malformed, with line and column; empty if all fields compile. */
export function checkLetter(draft: LetterSources, limits?: SourceLimits): FieldErrors {
  const errors: Record<string, readonly string[]> = {};
  for (const field of ['subject', 'preheader', 'html', 'text'] as const) {
    const source = draft[field];
    const faults =
      source === null || source === undefined ? [] : checkLiquid(source, field === 'html' ? 'html' : 'plain', limits);
    if (faults.length > 0) errors[field] = faults;
  }
  return errors;
}

/** Returns the faults of a piece of Liquid, as sentences. The parser stops at the first fault. */
function checkLiquid(source: string, mode: Mode, limits?: SourceLimits): readonly string[] {
  try {
    slotsIn(source, mode, limits);
    return [];
  } catch (error) {
    const fault = liquidFault(error);
    if (fault === undefined) throw error;
    return [fault];
  }
}

/** The same for a recipient in every round and at every attempt, so that a repeated mail can be recognised. */
export function messageIdOf(
  compiled: {
    readonly letter: Pick<Letter, 'boundarySeed' | 'campaign'>;
    readonly sender: Pick<CompiledLetter['sender'], 'domain'>;
  },
  subscriber: number,
): string {
  const { boundarySeed, campaign } = compiled.letter;
  const mark = hash('sha256', `${boundarySeed} ${campaign}.${subscriber}`, 'base64url').slice(0, 10);
  return `<${campaign}.${subscriber}.${mark}@${compiled.sender.domain}>`;
}

/** The header fields that are the same for all recipients, and the empty line after the header. */
function fixedFields(letter: Letter, from: string, replyTo: string | undefined, boundary: string): string {
  const { account, campaign, list } = letter;
  const host = new URL(letter.publicUrl).hostname.replace(/[^a-z0-9.-]/gi, '');
  const listName = phrase(list.name, 'List-Id: '.length);
  return [
    mailboxField('From', letter.from.name, from),
    replyTo === undefined ? '' : mailboxField('Reply-To', null, replyTo),
    `List-Id: ${listName === '' ? '' : `${listName}\r\n `}<${oneLine(list.uid).replace(/[^a-z0-9-]/gi, '')}.${host}>\r\n`,
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n',
    'Precedence: bulk\r\n',
    `Feedback-ID: ${campaign}:campaign:${account}:everpost\r\n`,
    'X-Auto-Response-Suppress: OOF, AutoReply\r\n',
    'MIME-Version: 1.0\r\n',
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"\r\n\r\n`,
  ].join('');
}

function partHead(boundary: string, type: string): string {
  return `--${boundary}\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n`;
}

/** Collects the pieces of a mail. Adjacent bytes become one buffer; equal slots share one slot. */
function planner() {
  const pieces: (Buffer | number)[] = [];
  const slots: BodySlot[] = [];
  const known = new Map<string, number>();
  const indexOf = (slot: Slot, part: Part) => {
    const index = slot.key === undefined ? undefined : known.get(slot.key);
    if (index !== undefined) return index;
    if (slot.key !== undefined) known.set(slot.key, slots.length);
    return slots.push({ ...slot, part }) - 1;
  };
  return {
    slots,
    add: (text: string) => pieces.push(Buffer.from(text)),
    body(parts: readonly (string | Slot)[], part: Part) {
      for (const piece of parts) pieces.push(typeof piece === 'string' ? quotedRun(piece) : indexOf(piece, part));
    },
    merged(): readonly (Buffer | number)[] {
      const merged: (Buffer | number)[] = [];
      for (const piece of pieces) {
        const last = merged.at(-1);
        if (typeof piece === 'object' && typeof last === 'object')
          merged[merged.length - 1] = Buffer.concat([last, piece]);
        else merged.push(piece);
      }
      return merged;
    },
  };
}
