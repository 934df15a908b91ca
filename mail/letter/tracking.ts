import { escapeHtml } from '../liquid/engine.js';
import { type Bodies, bodiesOf, insertAtBodyStart } from './document.js';
import type { Letter, Tracking } from './letter.js';
import { addressesIn, linksIn, rewriteHtml, rewriteText, untrackedIn } from './links.js';

/** The recipient's token as Liquid reads it; it stands in every tracked link, also in one within a block. */
export const TOKEN_FIELD = 'everpost_token';
const TOKEN_SLOT = `{{ ${TOKEN_FIELD} }}`;

/** Gmail cuts a mail off at about 102 KB, and with it whatever stands at its end. */
const CUT_OFF = 90_000;

/** What the rewriting of a body needs to know; `token` is the recipient's, or the slot it goes into. */
export interface TrackingLinks extends Tracking {
  readonly publicUrl: string;
  readonly token: string;
}

/** The destinations of a letter that may be followed: those of its links and of the addresses in its text part. */
export function destinationsOf(letter: Letter): readonly string[] {
  return destinationsIn(bodiesOf(letter), letter.publicUrl);
}

export function destinationsIn({ html, text }: Partial<Bodies>, publicUrl: string): readonly string[] {
  const kept = untrackedIn(html ?? '');
  const found = [...linksIn(html ?? '').destinations, ...addressesIn(text ?? '')];
  // Our own pages are reached as they are: leaving a list must not depend on anything else.
  const ours = (url: string) => url === publicUrl || url.startsWith(`${publicUrl}/`);
  return [...new Set(found)].filter((url) => !kept.has(url) && !ours(url));
}

/** Both bodies of a letter with their links and the pixel, still Liquid: the token is one more field of the recipient. */
export function trackedBodies(bodies: Bodies, { tracking, publicUrl }: Letter): Bodies {
  if (tracking === undefined) return bodies;
  const trackingLinks = { ...tracking, publicUrl, token: TOKEN_SLOT };
  return { html: trackedHtml(bodies.html, trackingLinks), text: trackedText(bodies.text, trackingLinks) };
}

export function trackedHtml(html: string, trackingLinks: TrackingLinks): string {
  const { links, publicUrl, token, opens } = trackingLinks;
  const base = escapeHtml(publicUrl);
  const rewritten = rewriteHtml(html, (url) => {
    const n = links.get(url);
    return n === undefined ? undefined : `${base}/c/${token}/${n}`;
  });
  return opens ? withPixel(rewritten, `${base}/o/${token}.gif`) : rewritten;
}

export function trackedText(text: string, { links, publicUrl, token }: TrackingLinks): string {
  return rewriteText(text, (url) => {
    const n = links.get(url);
    return n === undefined ? undefined : `${publicUrl}/c/${token}/${n}`;
  });
}

/** The last thing of the body; of a mail that would be cut off before its end, the first. */
function withPixel(html: string, address: string): string {
  const pixel = `<img src="${address}" width="1" height="1" alt="" role="presentation" style="display:block;border:0">\n`;
  if (html.length > CUT_OFF) return insertAtBodyStart(html, pixel);
  const end = [...html.matchAll(/<\/body *>/gi)].at(-1) ?? [...html.matchAll(/<\/html *>/gi)].at(-1);
  return end === undefined ? html + pixel : html.slice(0, end.index) + pixel + html.slice(end.index);
}
