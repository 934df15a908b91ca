import PostalMime from 'postal-mime';
import { expect, test } from 'vitest';
import { compileLetter } from '../../../mail/letter/compile.js';
import type { Letter, Recipient, SplicedMail } from '../../../mail/letter/letter.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { destinationsOf } from '../../../mail/letter/tracking.js';
import { aLetter, aRecipient, someLinks, someTime } from '../../support/mail/letters.js';

const HTML =
  '<p><a href="https://a.test/x">{{ first_name }}</a> <a href="{{ unsubscribe_url }}">Leave</a> {% if first_name %}<a href="https://a.test/?a=1&amp;b=2">b</a>{% endif %}</p>';
const BASE = 'https://mail.example.test';

/** Compiles a letter as the worker does, with numbered destinations. */
function trackedLetter(over: Partial<Letter> = {}, opens = true): Letter {
  const letter = aLetter({ html: HTML, ...over });
  return { ...letter, tracking: { opens, links: new Map(destinationsOf(letter).map((url, i) => [url, i + 1])) } };
}

function mailTo(letter: Letter, over: Partial<Recipient> = {}): SplicedMail {
  const mail = spliceMail(compileLetter(letter), aRecipient(over), someTime, someLinks);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return mail;
}

const read = (mail: SplicedMail) => PostalMime.parse(Buffer.concat(mail.chunks));
const tokenIn = (html = '') => /\/c\/([\w-]+)\//.exec(html)?.[1] ?? '';

test('links are tracked with one token that has campaign, recipient and time', async () => {
  const { html = '', text = '', headers } = await read(mailTo(trackedLetter()));
  const token = tokenIn(html);
  expect(someLinks.read(token)).toEqual({ campaign: 7, subscriber: 42, madeAt: someTime });
  expect(html).toContain(`<a href="${BASE}/c/${token}/1">Ada</a>`);
  expect(html).toContain(`<a href="${BASE}/c/${token}/2">b</a>`);
  expect(html).toContain(`<a href="${BASE}/u/${token}">Leave</a>`);
  expect(html).toMatch(new RegExp(`<img src="${BASE}/o/${token}\\.gif"[^>]*>\\s*</body>`));
  expect(text).toContain(`(${BASE}/c/${token}/1)`);
  expect(text).not.toContain('a.test');
  expect(headers.find(({ key }) => key === 'list-unsubscribe')?.value).toBe(`<${BASE}/u/${token}>`);
});

test.each([[{ track: false }], [{ track: 'no' }], [{ do_not_track: true }], [{ do_not_track: '1' }]])(
  'a recipient with %j gets the same letter with the original links',
  async (attributes) => {
    const { html, text } = await read(mailTo(trackedLetter(), { attributes }));
    const plain = await read(mailTo(aLetter({ html: HTML }), { attributes }));
    expect({ html, text }).toEqual({ html: plain.html, text: plain.text });
    expect(html).toContain('href="https://a.test/x"');
  },
);

test('clicks and opens are tracked separately', async () => {
  const onlyClicks = (await read(mailTo(trackedLetter({}, false)))).html ?? '';
  expect(onlyClicks).toContain('/c/');
  expect(onlyClicks).not.toContain('/o/');
  const letter = aLetter({ html: HTML, tracking: { opens: true, links: new Map() } });
  const onlyOpens = (await read(mailTo(letter))).html ?? '';
  expect(onlyOpens).toContain('/o/');
  expect(onlyOpens).toContain('href="https://a.test/x"');
});

test('links with data-notrack are not tracked in the text part either, and links to Everpost’s own pages never are', () => {
  const html = `<a href="https://a.test/keep" data-notrack>keep</a> <a href="${BASE}/p/x">ours</a> <a href="https://a.test/go">go</a>`;
  expect(destinationsOf(aLetter({ html }))).toEqual(['https://a.test/go']);
});

test('the pixel of a mail that mailboxes cut off is before the cut', async () => {
  const long = `<html><body>${'<p>Tea and biscuits.</p>\n'.repeat(6_000)}</body></html>`;
  const { html = '' } = await read(mailTo(trackedLetter({ html: long })));
  expect(html.indexOf('/o/')).toBeLessThan(1_000);
});
