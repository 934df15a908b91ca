import type { Letter, Recipient } from '../../mail/letter/letter.js';

/** A newsletter of about 12 KB with 14 personal values, as both sides of the comparison send it. */
const PARAGRAPH =
  'The harbour opened early this year, and with it the little shop that sells tea by the ounce; “come in”, says the sign, and people do. ';

const ITEMS = ['first_name', 'city', 'attributes.plan', 'unsubscribe_url', 'last_name', 'first_name', 'city', 'email'];

const html = [
  '<h1>Dear {{ first_name }}, here is your May letter</h1>\n',
  ...ITEMS.map(
    (field, i) =>
      `<h2 style="font:700 18px/1.4 sans-serif;color:#123">Part ${i + 1}: {{ ${field} }}</h2>\n<p style="margin:0 0 16px;font:400 16px/1.5 sans-serif">${PARAGRAPH.repeat(7)}</p>\n`,
  ),
  '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>\n',
].join('');

const text = `Dear {{ first_name }},\n\n${`${PARAGRAPH}\n`.repeat(12)}\nIn {{ city }} as {{ attributes.plan }}: {{ unsubscribe_url }}\n`;

export const newsletter = {
  account: 1,
  campaign: 7,
  subject: 'Your May letter',
  preheader: null,
  html: `<!doctype html><html lang="en"><head><title>May</title></head><body>${html}</body></html>`,
  text,
  from: { name: 'The Tea Harbour', email: 'news@example.test' },
  replyTo: null,
  list: { id: 1, uid: 'harbour', name: 'The Tea Harbour' },
  publicUrl: 'https://mail.example.test',
  boundarySeed: 'bench',
} satisfies Letter;

export const LINKS = 8;

/** The same with links, as in a shop's newsletter. */
export const linkedHtml = newsletter.html.replace(
  '</body>',
  `${Array.from({ length: LINKS }, (_, n) => `<p><a href="https://shop.example.test/${n}">Part ${n}</a></p>`).join('')}</body>`,
);

export function reader(id: number): Recipient {
  return {
    id,
    email: `reader${id}@example.test`,
    first_name: id % 5 === 0 ? 'Zoë' : `Ada${id}`,
    last_name: 'Lovelace',
    attributes: { city: id % 3 === 0 ? 'Köln' : 'London', plan: 'pro' },
    tags: [],
  };
}
