import { bodiesOf } from '../../mail/letter/document.js';
import { TOKEN_FIELD } from '../../mail/letter/fields.js';
import type { Letter, Recipient } from '../../mail/letter/letter.js';
import { destinationsOf, trackedBodies } from '../../mail/letter/tracking.js';
import { unsubscribeUrl } from '../../mail/tokens/link-tokens.js';
import { newsletter } from '../harness/newsletter.js';

const PARAGRAPH =
  'The first teas of the spring have arrived: they are light, sweet and a little grassy, and there are very few of them this year. ';

const OFFERS = ['sencha', 'darjeeling', 'assam', 'oolong', 'yunnan'].map(
  (tea) =>
    `<h2 style="font:700 18px/1.4 sans-serif;color:#123">${tea}</h2>\n<p style="margin:0 0 16px;font:400 16px/1.5 sans-serif">${PARAGRAPH.repeat(7)}</p>\n<p><a href="https://shop.example.test/${tea}">Order ${tea}</a></p>\n`,
);

const html = `<!doctype html><html lang="en"><head><title>May</title></head><body>
<h1>Dear {{ first_name }}, the teas of May</h1>
${OFFERS.join('')}<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
</body></html>`;

/** A shop's letter of 12 KB as it is sent: five links, the first name, the unsubscribe link; not tracked. */
export const untracked: Letter = { ...newsletter, subject: 'The teas of May', html, text: null };

/** The same with tracked links and a pixel. */
export const shopLetter: Letter = {
  ...untracked,
  tracking: { opens: true, links: new Map(destinationsOf(untracked).map((url, i) => [url, i + 1])) },
};

const bodies = trackedBodies(bodiesOf(shopLetter), shopLetter);

/** The bodies of a recipient's mail, filled in by minimal templating, as input of another program's composing. */
export function filledBodies(recipient: Recipient, token: string) {
  const values: Readonly<Record<string, unknown>> = {
    ...recipient,
    [TOKEN_FIELD]: token,
    unsubscribe_url: unsubscribeUrl(newsletter.publicUrl, token),
  };
  const filled = (template: string) =>
    template.replace(/\{\{ (\w+) \}\}/g, (_, field: string) => String(values[field]));
  return { html: filled(bodies.html), text: filled(bodies.text) };
}
