import { expect, test } from 'vitest';
import { mailboxField } from '../../mail/mime/headers.js';
import { claimsAnotherAddress } from '../../mail/sender-mailbox.js';

const base64 = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;

test.each([
  'ceo@bank.example',
  '=?utf-8?Q?ceo=40bank.example?=',
  'The =?UTF-8?q?ceo=40bank?= =?UTF-8?q?.example?= office',
  '=?iso-8859-1*en?Q?ceo=40bank=2Eexample?=',
  base64('ceo@bank.example'),
  base64('=?utf-8?Q?ceo=40bank.example?='),
  base64(base64(base64(base64(base64('x'))))),
  'ceo＠bank.example',
  'ceo\u200b@bank.example',
])('the name %j is refused like the address it shows', (name) => {
  expect(claimsAnotherAddress(name, 'news@acme.example')).toBe(true);
});

test.each([
  'Acme',
  'Acme @ Home',
  '=?utf-8?Q?Acme?=',
  'A =? b ?= c',
  '=?nonsense?Q?x?=',
  'news@acme.example',
  base64('news@acme.example'),
])('the name %j is none', (name) => {
  expect(claimsAnotherAddress(name, 'news@acme.example')).toBe(false);
});

test('a name that looks encoded is sent as the text that it is', () => {
  const field = mailboxField('From', '=?utf-8?Q?Acme?=', 'news@acme.example');
  expect(field).toContain(Buffer.from('=?utf-8?Q?Acme?=').toString('base64'));
});
