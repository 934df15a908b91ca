import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../../domain/import/columns.js';
import { readRow } from '../../../domain/import/row-reading.js';
import { foldedWord, statusAfter, statusIn } from '../../../domain/import/statuses.js';
import { parseAddressCell } from '../../../mail/address-cell.js';

/** What a file of these lines makes of its first row. */
function read(lines: readonly (readonly string[])[], mapping = {}, statuses: Record<string, 'active'> = {}) {
  const [headers = [], ...rows] = lines;
  const words = new Map(Object.entries(statuses).map(([word, status]) => [foldedWord(word), status]));
  const found = columnsOf({ headers, rows, statuses: words, isAddress: (cell) => cell.includes('@') }, mapping);
  if (found.kind === 'faults') throw new Error(found.sentences.join(' '));
  const reader = {
    ...found,
    tags: [],
    statuses: words,
    decode: (cell: string) => cell,
    parseAddress: parseAddressCell,
  };
  const row = readRow(reader, rows[0] ?? [], 0);
  return {
    format: found.format,
    fields: found.columns.map(({ field }) => field),
    row: row.kind === 'error' ? row.error : row.request,
  };
}

describe('a known export is recognised, and its status respected', () => {
  test.each([
    [
      'listmonk',
      'uuid,email,name,attributes,status,created_at,updated_at',
      'u|a@a.test|Ann Lee|{"city":"Rome","n":1}|blocklisted|2024-01-02T00:00:00Z|x',
      { first_name: 'Ann', last_name: 'Lee', attributes: { city: 'Rome', n: 1 }, standing: { status: 'unsubscribed' } },
    ],
    [
      'listmonk',
      'uuid,email,name,attributes,status,created_at,updated_at',
      'u|a@a.test|Ann|{}|enabled|2024-01-02T00:00:00Z|x',
      { standing: { status: 'active', subscribed_at: new Date('2024-01-02') } },
    ],
    [
      'mailchimp',
      'Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,UNSUB_REASON,LEID,TAGS',
      'a@a.test|Ann|Lee|2||2023-01-05 12:00:00|2024-02-03 04:05:06|spam|7|"VIP","News letter"',
      {
        tags: ['VIP', 'News letter'],
        standing: { status: 'unsubscribed', unsubscribed_at: new Date('2024-02-03T04:05:06Z') },
      },
    ],
    [
      'mailchimp',
      'Email Address,MEMBER_RATING,CLEAN_TIME,CLEAN_CAMPAIGN_ID',
      'a@a.test|2|2024-02-03 04:05:06|1',
      { standing: { status: 'bounced' } },
    ],
    [
      'mailchimp',
      'Email Address,MEMBER_RATING,CONFIRM_TIME,LEID',
      'a@a.test|2|2023-01-05 12:00:00|1',
      { standing: { status: 'active', subscribed_at: new Date('2023-01-05T12:00:00Z') } },
    ],
    [
      'brevo',
      'EMAIL,LASTNAME,FIRSTNAME,SMS,EMAIL_BLACKLISTED,ADDED_TIME',
      'a@a.test|Lee|Ann||true|2023-01-05',
      { first_name: 'Ann', standing: { status: 'unsubscribed' } },
    ],
    [
      'brevo',
      'EMAIL,NOM,PRENOM,EMAIL_BLOCKLISTED',
      'a@a.test|Lee|Ann|No',
      { last_name: 'Lee', standing: { status: 'active' } },
    ],
    [
      'ghost',
      'id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers',
      '1|a@a.test|Ann Lee||false|false||2023-01-05T00:00:00.000Z||VIP,News|',
      { tags: ['VIP', 'News'], standing: { status: 'unsubscribed' } },
    ],
    [
      'klaviyo',
      'Email,Klaviyo ID,First Name,Email Marketing Consent,Email Suppressions',
      'a@a.test|1|Ann|NEVER_SUBSCRIBED|[]',
      { standing: { status: 'unsubscribed' } },
    ],
    [
      'klaviyo',
      'Email,Klaviyo ID,First Name,Email Marketing Consent,Email Suppressions',
      "a@a.test|1|Ann|SUBSCRIBED|['HARD_BOUNCE']",
      { standing: { status: 'bounced' } },
    ],
    [
      'sendgrid',
      'EMAIL,FIRST_NAME,LAST_NAME,CONTACT_ID,CREATED_AT',
      'a@a.test|Ann|Lee|1|2023-01-05T00:00:00Z',
      { first_name: 'Ann', standing: { status: 'active' } },
    ],
    [
      'sendgrid',
      'status,reason,email,created',
      '5.1.1|550 unknown|a@a.test|1700000000',
      { standing: { status: 'bounced' } },
    ],
    ['sendgrid', 'ip,email,created', '192.0.2.1|a@a.test|1700000000', { standing: { status: 'complained' } }],
    [
      'everpost',
      'id,email,first_name,last_name,status,suppressed,tags,attributes,source,subscribed_at,unsubscribed_at',
      '1|a@a.test| \'|\'=B|complained|true|"a, b"|{"a":true}|api|2023-01-05T00:00:00+00:00|',
      {
        first_name: " '",
        last_name: '=B',
        tags: ['a, b'],
        attributes: { a: true },
        standing: { status: 'complained', unsubscribed_at: null },
      },
    ],
  ])('%s: %s', (format, headers, cells, person) => {
    const found = read([headers.split(','), cells.split('|')]);
    expect(found.format).toBe(format);
    expect(found.row).toMatchObject(person);
  });
});

describe('a status column of any file is recognised by its header and its cells', () => {
  test.each([
    [['status'], ['Unsubscribed'], 'unsubscribed'],
    [['Status'], ['opted-out'], 'unsubscribed'],
    [['Subscription Status'], ['Cleaned'], 'bounced'],
    [['email_status'], ['spam complaint'], 'complained'],
    [['Subscribed'], ['FALSE'], 'unsubscribed'],
    [['Opt-In'], ['nein'], 'unsubscribed'],
    [['Accepts Email Marketing'], ['no'], 'unsubscribed'],
    [['Email Opt Out'], ['1'], 'unsubscribed'],
    [['Unsubscribed from all email'], ['TRUE'], 'unsubscribed'],
    [['unsubscribed'], ['2024-01-02 10:00'], 'unsubscribed'],
    [['subscribed'], ['2024-01-02 10:00'], 'active'],
    [['unsubscribed_at'], ['2024-01-02'], 'unsubscribed'],
    [['unsubscribed_at'], ['0000-00-00 00:00:00'], undefined],
    [['Estado'], ['De baja'], undefined],
    [['statut'], ['désabonné'], 'unsubscribed'],
    [['Active'], ['0'], 'unsubscribed'],
    [['status', 'unsubscribed_at'], ['subscribed', '2019-01-01'], 'active'],
    [['subscribed', 'bounced'], ['yes', 'yes'], 'unsubscribed'],
    [['status'], ['unconfirmed'], 'pending'],
    [['status'], [''], undefined],
    [['global_status', 'list_status'], ['unsubscribed', 'subscribed'], 'unsubscribed'],
    [['Unsubscribed from Emails'], ['true'], 'unsubscribed'],
    [['Marked email as spam'], ['true'], 'unsubscribed'],
    [['Has hard bounced'], ['true'], 'unsubscribed'],
    [['is_excluded'], ['true'], 'unsubscribed'],
    [['Status'], ['gelöscht'], 'unsubscribed'],
    [['Deaktiviert'], ['03.04.2025 09:00'], 'unsubscribed'],
    [['Email permission status'], ['Implied'], 'active'],
    [['Column 2'], ['Unsubscribed'], 'unsubscribed'],
    [['Column 2'], ['yes'], undefined],
  ])('%j %j is %s', (headers, cells, status) => {
    const { row } = read([
      ['email', ...headers],
      ['a@a.test', ...cells],
    ]);
    expect('standing' in row ? row.standing?.status : undefined).toBe(status);
  });

  test('half of whose words are known is one, and its other words are no status', () => {
    const words = ['inactive', 'purple', 'active', 'green'];
    const found = read([['email', 'status'], ...words.map((word) => [`${word}@a.test`, word])]);
    expect([found.fields[1], found.row]).toMatchObject(['status', { standing: { status: 'unsubscribed' } }]);
  });

  test('a file with contacts of another tool is none of SendGrid', () => {
    expect(
      read([
        ['Contact ID', 'Email', 'Email Opt Out'],
        ['1', 'a@a.test', '1'],
      ]).format,
    ).toBeNull();
  });

  test('a column of the same name that says something else is an attribute', () => {
    expect(
      read([
        ['email', 'status'],
        ['a@a.test', 'gold'],
        ['b@a.test', 'silver'],
      ]).fields,
    ).toEqual(['email', 'attributes.status']);
    expect(
      read([
        ['email', 'Active'],
        ['a@a.test', 'last week'],
      ]).fields,
    ).toEqual(['email', 'attributes.active']);
  });

  test('a word that is not known is an error of its row, unless the request gives its meaning', () => {
    const lines = [
      ['email', 'email_status'],
      ['a@a.test', 'VIP'],
    ];
    expect(read(lines).row).toMatchObject({ reason: 'unknown_status', column: 'email_status', value: 'VIP' });
    expect(read(lines, {}, { vip: 'active' }).row).toMatchObject({ standing: { status: 'active' } });
    expect(read(lines, { email_status: null }).fields).toEqual(['email', null]);
  });
});

test('a word of a prototype is no status', () => {
  for (const word of ['__proto__', 'constructor', 'toString']) expect(statusIn('status', word)).toBe('unknown');
});

test.each([
  ['active', 'unsubscribed', 'unsubscribed'],
  ['active', 'pending', 'active'],
  ['pending', 'active', 'pending'],
  ['unsubscribed', 'active', 'unsubscribed'],
  ['unsubscribed', 'bounced', 'bounced'],
  ['complained', 'bounced', 'complained'],
] as const)('a person who is %s is, after a file that says %s, %s', (known, given, after) => {
  expect(statusAfter(known, given)).toBe(after);
});

test('a file without a known header uses the column that holds addresses', () => {
  expect(
    read([
      ['who', 'contact'],
      ['Ann', 'a@a.test'],
    ]).fields,
  ).toEqual(['attributes.who', 'email']);
});
