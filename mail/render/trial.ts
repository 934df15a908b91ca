import { Failure } from '../../domain/errors.js';
import { compileLetter } from '../letter/compile.js';
import { destinationsIn } from '../letter/tracking.js';
import { complexityOf, MOST_LINKS, TRACKED_LIMITS } from '../liquid/complexity.js';
import { liquidFault, trialBudget } from '../liquid/engine.js';
import { fillParts, parseParts, type Unfilled } from '../liquid/fill-parts.js';
import type { RenderJob } from './job.js';

const LINK = /\bhref\s{0,9}=/gi;
const ADDRESS = /https?:\/\//gi;

const SAMPLE = {
  email: 'ada@example.org',
  first_name: 'Ada',
  last_name: 'Lovelace',
  name: 'Ada Lovelace',
  attributes: {},
  tags: [],
  unsubscribe_url: 'https://example.org/',
  preferences_url: 'https://example.org/',
  view_url: 'https://example.org/',
};

/** A finished letter that cannot be sent as it is. */
interface TrialFault {
  readonly code: Unfilled['code'];
  readonly reason: string;
}

type Finished = { readonly html: string; readonly text: string };
type Given = Pick<RenderJob, 'subject' | 'preheader' | 'purpose' | 'body' | 'template'>;

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
    const parts = parseParts({ ...letter, subject: job.subject, preheader: job.preheader }, TRACKED_LIMITS);
    const filled = fillParts(parts, SAMPLE, false, trialBudget(job.purpose));
    if (job.purpose === 'campaign') compileLetter(asTracked(job, letter));
    if (!('fault' in filled)) return undefined;
    const isKnown = job.purpose === 'campaign' || filled.code === 'template_too_complex';
    return isKnown ? { code: filled.code, reason: placed(job, filled.fault) } : undefined;
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    const code = complexityOf(error) === undefined ? 'not_renderable' : 'template_too_complex';
    return { code, reason: placed(job, fault) };
  }
}

/** The sentence of a refusal to compile, or of faulty Liquid. */
function faultOf(error: unknown): string | undefined {
  if (!(error instanceof Failure)) return liquidFault(error);
  return Object.values(error.errors ?? {}).flat()[0] ?? error.message;
}

function asTracked({ subject, preheader }: Given, { html, text }: Finished) {
  const publicUrl = 'https://example.org';
  const numbers = destinationsIn({ html, text }, publicUrl).map((url, i) => [url, i + 1] as const);
  return {
    account: 0,
    campaign: 0,
    subject,
    preheader: preheader === null ? null : '',
    html,
    text,
    from: { name: null, email: 'news@example.org' },
    replyTo: null,
    list: { id: 0, uid: 'list', name: 'List' },
    publicUrl,
    boundarySeed: '',
    tracking: { opens: true, links: new Map(numbers) },
  };
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
