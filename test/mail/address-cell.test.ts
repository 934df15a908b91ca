import PostalMime from 'postal-mime';
import { expect, test } from 'vitest';
import { readRow } from '../../domain/import/row-reading.js';
import { parseAddressCell } from '../../mail/address-cell.js';
import { compileLetter } from '../../mail/letter/compile.js';
import { spliceMail } from '../../mail/letter/splice.js';
import { aLetter, aRecipient, someLinks, someTime } from '../support/mail/letters.js';

test.each([
  ['ada@shop.example', '', true],
  [' Ada@shop.example\u200b ', '', true],
  ['Ada Lovelace <ada@shop.example>', 'Ada Lovelace', false],
  ['"Lovelace, Ada" <ada@shop.example>', 'Lovelace, Ada', false],
  ['"Ada \\"A\\" Lovelace" <ada@shop.example>', 'Ada "A" Lovelace', false],
  ["'Ada Lovelace' <ada@shop.example>", 'Ada Lovelace', false],
  ['<ada@shop.example>', '', false],
  ['mailto:ada@shop.example', '', false],
  ['MAILTO:ada%40shop.example?subject=Hello%20you', '', false],
  ['mailto:ada%2Bnews@shop.example', '', false],
  ['Ada <mailto:ada@shop.example>', 'Ada', false],
  ['Ada Lovelace [mailto:ada@shop.example]', 'Ada Lovelace', false],
  ['[Ada](mailto:ada@shop.example)', 'Ada', false],
  ['[ada@shop.example](mailto:ada@shop.example)', '', false],
  ['ada@shop.example (Ada Lovelace)', 'Ada Lovelace', false],
  ['Ada Lovelace (ada@shop.example)', 'Ada Lovelace', false],
  ["'ada@shop.example'", '', false],
  ['ada@shop.example;', '', false],
  ['"ada@shop.example" <ada@shop.example>', '', false],
  ['"ceo@bank.example" <ada@shop.example>', '', false],
  ['"Ada \u202eelpmaxe" <ada@shop.example>', '', false],
  ['=?utf-8?Q?ceo=40bank.example?= <ada@shop.example>', '', false],
])('the cell %j is one address, beside the name %j', (cell, name, isBare) => {
  const { shown, ...found } = parseAddressCell(cell) ?? {};
  expect(shown?.replace('%40', '@').replace('+news', '').toLowerCase()).toBe('ada@shop.example');
  expect(found).toMatchObject({ name, isBare });
});

test.each([
  '',
  'Ada',
  'ada@shop.example, bob@shop.example',
  'Ada <ada@shop.example>, Bob <bob@shop.example>',
  'ada@shop.example <bob@shop.example',
  'Ada <ada@shop>',
  'mailto:ada@shop.example,bob@shop.example',
  'mailto:%E0%A4%A',
  'see ada@shop.example',
  'Ada <ada@shop.example> (home)',
  `Ada${' '.repeat(1_000)}<ada@shop.example>`,
])('the cell %j is no address', (cell) => {
  expect(parseAddressCell(cell)).toBeUndefined();
});

test('a name from a cell is text in the header of a mail, whatever it looks like', async () => {
  const reader = {
    ...{ format: null, tags: [], decode: (cell: string) => cell, parseAddress: parseAddressCell },
    columns: [{ header: 'E-Mail', field: 'email' } as const],
  };
  for (const name of ['=?utf-8?Q?Ada?= L', 'Ada\r\nBcc: eve@shop', 'Ada, "Bob" \\ Eve', 'Zoë']) {
    const cell = `"${name.replace(/["\\]/g, '\\$&')}" <ada@example.test>`;
    const read = readRow(reader, [cell], 0);
    if (read.kind === 'error') {
      expect(read.error.reason).toBe('invalid_email');
      continue;
    }
    const { first_name = null, last_name = null } = read.request;
    const mail = spliceMail(compileLetter(aLetter({})), aRecipient({ first_name, last_name }), someTime, someLinks);
    if (mail.kind !== 'mail') throw new Error(mail.reason);
    const { to, bcc } = await PostalMime.parse(Buffer.concat(mail.chunks));
    expect(to).toEqual([{ address: 'ada@example.test', name: `${first_name} ${last_name ?? ''}`.trim() }]);
    expect(bcc).toBeUndefined();
  }
});
