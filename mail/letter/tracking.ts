import { escapeHtml } from '../liquid/engine.js';
import { maskLiquid } from '../liquid/mask-liquid.js';
import { type Bodies, bodiesOf, insertAtBodyEnd, insertAtBodyStart } from './document.js';
import { TOKEN_FIELD } from './fields.js';
import type { Letter, Tracking } from './letter.js';
import { unfolded } from './links/address-grammar.js';
import { destinationOf } from './links/destination.js';
import { linksIn, type Masking, rewriteHtml, unmasked } from './links/links.js';
import type { TextPart } from './text/text-part.js';

const TOKEN_SLOT = `{{ ${TOKEN_FIELD} }}`;

/** Gmail cuts mails off at about 102 KB. Content at the end is then lost. */
const CUT_OFF = 90_000;

/** Input of the rewriting of a body. `token` is the recipient's token, or the slot for it. */
export interface TrackingLinks extends Tracking {
  readonly publicUrl: string;
  readonly token: string;
}

/** The trackable destinations of a letter: those of the links in both parts. */
export function destinationsOf(letter: Letter): readonly string[] {
  return destinationsIn(bodiesOf(letter), letter.publicUrl);
}

export function destinationsIn(
  { html = '', ...part }: Partial<Bodies>,
  publicUrl: string,
  mask: Masking = maskLiquid,
): readonly string[] {
  const { destinations, untracked } = linksIn(html, mask);
  const found = [...destinations, ...textDestinations(part).map(({ destination }) => destination)];
  // Links to Everpost's own pages are not tracked: an unsubscribe must not depend on tracking.
  const home = (destinationOf(publicUrl) ?? publicUrl).replace(/\/$/, '');
  const ours = (url: string) => url === home || url.startsWith(`${home}/`);
  return [...new Set(found)].filter((url) => !untracked.has(url) && !ours(url));
}

function textDestinations({ text = '', links = [] }: Partial<TextPart>) {
  return links.flatMap(([start, end]) => {
    const destination = destinationOf(unfolded(text.slice(start, end)));
    return destination === undefined ? [] : [{ start, end, destination }];
  });
}

/**
 * Adds tracked links and the pixel to both bodies of a letter. The result is still Liquid; the token is a recipient
 * field.
 */
export function trackedBodies(bodies: Bodies, { tracking, publicUrl }: Letter): Pick<Bodies, 'html' | 'text'> {
  if (tracking === undefined) return bodies;
  const trackingLinks = { ...tracking, publicUrl, token: TOKEN_SLOT };
  return { html: trackedHtml(bodies.html, trackingLinks), text: trackedText(bodies, trackingLinks) };
}

export function trackedHtml(html: string, trackingLinks: TrackingLinks): string {
  const { links, publicUrl, token, opens } = trackingLinks;
  const base = escapeHtml(publicUrl);
  const rewrite = (url: string) => {
    const n = links.get(url);
    return n === undefined ? undefined : `${base}/c/${token}/${n}`;
  };
  const rewritten = rewriteHtml(html, rewrite, token === TOKEN_SLOT ? maskLiquid : unmasked);
  return opens ? withPixel(rewritten, `${base}/o/${token}.gif`) : rewritten;
}

/** Replaces the addresses of a text part where they stand. */
export function trackedText(part: TextPart, { links: numbers, publicUrl, token }: TrackingLinks): string {
  let text = '';
  let from = 0;
  for (const { start, end, destination } of textDestinations(part)) {
    const n = numbers.get(destination);
    text += part.text.slice(from, start);
    text += n === undefined ? part.text.slice(start, end) : `${publicUrl}/c/${token}/${n}`;
    from = end;
  }
  return text + part.text.slice(from);
}

/** Puts the pixel at the end of the body, or at the start if the mail is so long that mailboxes cut it off. */
function withPixel(html: string, address: string): string {
  const pixel = `<img src="${address}" width="1" height="1" alt="" role="presentation" style="display:block;border:0">\n`;
  if (html.length > CUT_OFF) return insertAtBodyStart(html, pixel);
  return insertAtBodyEnd(html, pixel);
}
