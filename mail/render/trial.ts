import { Failure } from '../../domain/errors.js';
import { type CompiledLetter, compileLetter } from '../letter/compile.js';
import type { MailFields } from '../letter/fields.js';
import type { Letter, Recipient } from '../letter/letter.js';
import { personalParts } from '../letter/personal-parts.js';
import { spliceMail } from '../letter/splice.js';
import { destinationsOf } from '../letter/tracking.js';
import { complexityOf, MOST_LINKS, TRACKED_LIMITS } from '../liquid/complexity.js';
import { liquidFault } from '../liquid/engine.js';
import { fillParts, parseParts, type Unfilled } from '../liquid/fill-parts.js';
import { linkTokens } from '../tokens/link-tokens.js';
import type { Rendered, RenderJob } from './job.js';

const LINK = /\bhref\s{0,9}=/gi;
const ADDRESS = /https?:\/\//gi;

const SAMPLE_FIELDS: MailFields = {
  recipient: {
    id: 1,
    email: 'ada@example.org',
    first_name: 'Ada',
    last_name: 'Lovelace',
    attributes: {},
    tags: [],
  },
  publicUrl: 'https://example.org',
  token: 'trial',
};
const SAMPLE_TOKENS = linkTokens([{ kid: 1, key: Buffer.alloc(32), current: true }]);

/** A finished letter that cannot be sent as it is. */
interface TrialFault {
  readonly code: Unfilled['code'];
  readonly reason: string;
}

type Finished = Pick<Rendered, 'html' | 'text' | 'textLinks'>;
type Given = Pick<RenderJob, 'subject' | 'preheader' | 'purpose' | 'body' | 'template' | 'readers'>;

/**
 * Compiles and fills a finished letter as a launch does, with every link tracked, so that nothing fails first when it is
 * sent. What a message prints depends on its context, so only the letters of campaigns are filled to the end.
 */
export function trialFault(job: Given, letter: Finished): TrialFault | undefined {
  const links = Math.max(letter.html.match(LINK)?.length ?? 0, letter.text.match(ADDRESS)?.length ?? 0);
  if (links > MOST_LINKS) {
    return {
      code: 'template_too_complex',
      reason: `The template is too complex: it has more than ${MOST_LINKS} links.`,
    };
  }
  try {
    const fault = job.purpose === 'campaign' ? trialMail(job, letter) : trialMessage(job, letter);
    return fault && { ...fault, reason: placed(job, fault.reason) };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    const code = complexityOf(error) === undefined ? 'not_renderable' : 'template_too_complex';
    return { code, reason: placed(job, fault) };
  }
}

/** The mail to a recipient without any attributes, and to those of the list. */
function trialMail(job: Given, letter: Finished): TrialFault | undefined {
  const compiled = compileLetter(asTracked(job, letter));
  const filled = personalParts({ ...letter, subject: job.subject, preheader: job.preheader }, SAMPLE_FIELDS);
  if ('fault' in filled) return { code: filled.code, reason: filled.fault };
  return faultFor(compiled, SAMPLE_FIELDS.recipient) ?? faultForAll(compiled, job.readers ?? []);
}

function faultFor(compiled: CompiledLetter, recipient: Recipient): TrialFault | undefined {
  const mail = spliceMail(compiled, recipient, new Date(0), SAMPLE_TOKENS);
  // An address that cannot be mailed is a fault of its recipient.
  if (mail.kind === 'mail' || mail.class !== 'render_error') return undefined;
  return { code: 'not_renderable', reason: mail.reason };
}

/** The fault for the first reader, where the letter can be filled for none: data that one lacks, others may have. */
function faultForAll(compiled: CompiledLetter, readers: readonly Recipient[]): TrialFault | undefined {
  let first: TrialFault | undefined;
  for (const reader of readers) {
    const fault = faultFor(compiled, reader);
    if (fault === undefined) return undefined;
    first ??= fault;
  }
  return first;
}

/** What a message prints depends on its context, so only its work is known. */
function trialMessage({ subject, preheader }: Given, letter: Finished): TrialFault | undefined {
  const parts = parseParts({ ...letter, subject, preheader }, TRACKED_LIMITS);
  const filled = fillParts(parts, { ...SAMPLE_FIELDS.recipient, name: 'Ada Lovelace' }, false);
  const isKnown = 'fault' in filled && filled.code === 'template_too_complex';
  return isKnown ? { code: filled.code, reason: filled.fault } : undefined;
}

/** The sentence of a refusal to compile, or of faulty Liquid. */
function faultOf(error: unknown): string | undefined {
  if (!(error instanceof Failure)) return liquidFault(error);
  return Object.values(error.errors ?? {}).flat()[0] ?? error.message;
}

/** The letter of a launch that tracks everything. */
function asTracked({ subject }: Given, { html, text, textLinks }: Finished): Letter {
  const letter: Letter = {
    account: 0,
    campaign: 0,
    subject,
    preheader: null,
    html,
    text,
    ...(textLinks !== undefined && { textLinks }),
    from: { name: null, email: 'news@example.org' },
    replyTo: null,
    list: { id: 0, uid: 'list', name: 'List' },
    publicUrl: SAMPLE_FIELDS.publicUrl,
    boundarySeed: '',
  };
  const links = new Map(destinationsOf(letter).map((url, i) => [url, i + 1] as const));
  return { ...letter, tracking: { opens: true, links } };
}

/** The line of the tag in the author's source: the position in the finished letter means nothing to its author. */
function placed({ body, template }: Given, fault: string): string {
  const sentence = fault.replace(/, line:\d+, col:\d+$/, '');
  const tag = /\{[{%][\s\S]*?[%}]\}/.exec(sentence)?.[0];
  const source = [body !== null && 'source' in body ? body.source : '', template?.source ?? ''].find(
    (one) => tag !== undefined && one.includes(tag),
  );
  if (tag === undefined || source === undefined) return sentence;
  return `${sentence}, line:${source.slice(0, source.indexOf(tag)).split('\n').length}`;
}
