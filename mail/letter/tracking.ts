import { escapeHtml } from '../liquid/engine.js';
import { type Bodies, bodiesOf, insertAtBodyStart } from './document.js';
import { TOKEN_FIELD } from './fields.js';
import type { Letter, Tracking } from './letter.js';
import { addressesIn, linksIn, rewriteHtml, rewriteText, untrackedIn } from './links.js';

const TOKEN_SLOT = `{{ ${TOKEN_FIELD} }}`;

/** Gmail cuts mails off at about 102 KB. Content at the end is then lost. */
const CUT_OFF = 90_000;

/** Input of the rewriting of a body. `token` is the recipient's token, or the slot for it. */
export interface TrackingLinks extends Tracking {
  readonly publicUrl: string;
  readonly token: string;
}

/** The trackable destinations of a letter: those of its links and of the addresses in its text part. */
export function destinationsOf(letter: Letter): readonly string[] {
  return destinationsIn(bodiesOf(letter), letter.publicUrl);
}

export function destinationsIn({ html, text }: Partial<Bodies>, publicUrl: string): readonly string[] {
  const kept = untrackedIn(html ?? '');
  const found = [...linksIn(html ?? '').destinations, ...addressesIn(text ?? '')];
  // Links to Everpost's own pages are not tracked: an unsubscribe must not depend on tracking.
  const ours = (url: string) => url === publicUrl || url.startsWith(`${publicUrl}/`);
  return [...new Set(found)].filter((url) => !kept.has(url) && !ours(url));
}

/**
 * Adds tracked links and the pixel to both bodies of a letter. The result is still Liquid; the token is a recipient
 * field.
 */
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

/** Puts the pixel at the end of the body, or at the start if the mail is so long that mailboxes cut it off. */
function withPixel(html: string, address: string): string {
  const pixel = `<img src="${address}" width="1" height="1" alt="" role="presentation" style="display:block;border:0">\n`;
  if (html.length > CUT_OFF) return insertAtBodyStart(html, pixel);
  const end = [...html.matchAll(/<\/body *>/gi)].at(-1) ?? [...html.matchAll(/<\/html *>/gi)].at(-1);
  return end === undefined ? html + pixel : html.slice(0, end.index) + pixel + html.slice(end.index);
}
