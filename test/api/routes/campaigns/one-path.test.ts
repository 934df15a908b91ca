import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../../clock.js';
import { spliceMail } from '../../../../mail/letter/splice.js';
import { linkTokens } from '../../../../mail/tokens/link-tokens.js';
import { compiledLetters } from '../../../../services/letters/compiled-letters.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  recordingCampaignEngine,
  renderCampaign,
  rowOf,
} from '../../../support/api/campaigns.js';

let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi({}, { engine: recordingCampaignEngine() });
  list = await aListWithSubscriber(api);
  const payload = { name: 'Grace', email: 'grace@acme.example', role: 'editor' };
  await api.call('POST /api/v1/account/members', { payload });
});
afterAll(() => api.close());

const FRAGMENTS = [
  'Hello {{ first_name | default: "you" }} {{- last_name }}, ',
  '{% for t in tags %}[{{ t }}]{% endfor %}{{ tags | size }}',
  '{% if vip %}<b>{{ city | upcase }}</b>{% else %}{{ city | default: "nowhere" | downcase }}{% endif %}',
  '<a href="{{ attributes.url }}" title="{{ attributes.city }}">{{ attributes["Favourite Colour"] }}</a>',
  '<p style="color:{{ attributes.city }}">x &amp; &#123;&#123; email &#125;&#125;</p>',
  '{% capture c %}<i>{{ city }}</i>{% endcapture %}{{ c | raw }}{{ city | raw }}',
  '{% assign n = attributes.number | plus: 1 %}{{ n }}',
  '{% raw %}{{ first_name }}{% endraw %}{<!-- x -->{ city }}',
  '<a href="{{ unsubscribe_url }}">leave</a> <a href="{{ view_url }}">view</a> <a href="https://x.test/?c={{ city }}">c</a>',
  '{{ city | strip }}|{{ attributes.number }}|{{ attributes.number | divided_by: 2 }}|{{ nothing }}',
  '<table>{% for t in tags limit: 2 %}<tr><td>{{ forloop.index }}: {{ t | escape }}</td></tr>{% endfor %}</table>',
];

const words = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'Köln',
    'a&b',
    '<b>x</b>',
    '{{ email }}',
    '{% if %}',
    '"\'',
    'javascript:alert(1)',
    'https://x.test/?a=1&b=2',
    '.\r\n.',
    '&amp;',
    '=3D',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\p{Cc}\uFDD0-\uFDEF]/u.test(text)),
);
const subscriber = fc.record({
  first_name: fc.option(words.filter((text) => text.length < 20 && !/[\r\n]/.test(text))),
  tags: fc.uniqueArray(fc.constantFrom('VIP', 'a&b', '{{ x }}', 'News letter'), { maxLength: 3 }),
  attributes: fc.record(
    { city: words, url: words, 'Favourite Colour': words, vip: fc.boolean(), number: fc.integer() },
    { requiredKeys: [] },
  ),
});
const letter = fc.array(fc.constantFrom(...FRAGMENTS), { minLength: 1, maxLength: 8 }).map((parts) => parts.join('\n'));

/** The mail as it is sent. */
async function sent(campaign: number, id: number) {
  const { deps, account } = api;
  const row = await rowOf(api, campaign);
  const [person] = await deps.subscribers.forSending(account, [id]);
  if (row === null || person === undefined) throw new Error('gone');
  const compiled = await compiledLetters(deps).of(row);
  const links = linkTokens(await deps.linkKeys.ring());
  const mail = spliceMail(compiled, { ...person, id: person._id }, now(), links);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  const { subject = '', html = '', text = '' } = await PostalMime.parse(Buffer.concat(mail.chunks));
  return { subject, html, text, token: links.forRecipient(campaign, id) };
}

/** What is left when tokens and line ends are the same. */
function plain(text: string, token: string): string {
  return text.replaceAll(`/${token}`, '/TOKEN').replace(/\r\n?/g, '\n').trimEnd();
}

test('preview, test mail, browser view and sent mail are the same letter for the same person', {
  timeout: 300_000,
}, async () => {
  let n = 0;
  await fc.assert(
    fc.asyncProperty(letter, subscriber, async (html, person) => {
      n += 1;
      const email = `reader${n}@example.com`;
      const payload = { list_id: list, email, ...person };
      const added = await api.call('POST /api/v1/subscribers', { payload });
      expect(added.statusCode, added.body).toBeLessThan(300);
      const { id } = added.json().data;
      const settings = { track_opens: false, track_clicks: false };
      const campaign = await aCampaign(api, list, {
        html,
        subject: 'For {{ city | default: "you" }}: {{ tags | first }}',
        settings,
      });
      await api.call(`POST /api/v1/campaigns/${campaign}/send`, { payload: {} });
      expect(await renderCampaign(api, campaign)).toBe('rendered');
      const mail = await sent(campaign, id);

      const preview = (await api.call(`GET /api/v1/campaigns/${campaign}/preview?subscriber_id=${id}`)).json().data;
      expect(plain(preview.html, 'preview')).toBe(plain(mail.html, mail.token));
      expect(plain(preview.text, 'preview')).toBe(plain(mail.text, mail.token));
      expect(preview.subject.replace(/\s+/g, ' ')).toBe(mail.subject.replace(/\s+/g, ' ').trim());

      const viewed = await api.call(`GET /v/${mail.token}`, { key: null });
      expect(plain(viewed.body, mail.token)).toBe(plain(mail.html, mail.token));

      const tested = await api.call(`POST /api/v1/campaigns/${campaign}/test`, {
        payload: { to: ['grace@acme.example'], subscriber_id: id },
      });
      const row = await api.deps.messages.owned(api.account, tested.json().data[0].id);
      if (row === null || typeof row === 'string') throw new Error('no test mail');
      const content = await api.deps.contents.ofMessage(row);
      expect(plain(content.html ?? '', 'preview')).toBe(plain(mail.html, mail.token));
      expect(plain(content.text ?? '', 'preview')).toBe(plain(mail.text, mail.token));
    }),
    { numRuns: 12 },
  );
});
