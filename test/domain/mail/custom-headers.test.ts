import { describe, expect, test } from 'vitest';
import { type HeaderFault, headerFault, headersFault } from '../../../domain/mail/custom-headers.js';

test.each([
  ['X-Order', '4711'],
  ['x-entity-ref-id', 'a b c'],
  ['Importance', 'high'],
  ['In-Reply-To', '<a@b.example>'],
  ['References', '<a@b.example> <c@d.example>'],
  ['X-Name', 'Größe “42”'],
])('%s: %s is allowed', (name, value) => {
  expect(headerFault(name, value)).toBeUndefined();
});

describe.each<[HeaderFault, string[]]>([
  [
    'ours',
    [
      'From',
      'to',
      'Cc',
      'Subject',
      'Date',
      'Message-ID',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
      'List-Unsubscribe',
      'List-Id',
      'Feedback-ID',
      'Return-Path',
      'Errors-To',
      'Precedence',
      'X-SenderName-MailID',
      'X-Mailru-Msgtype',
      'X-Postmaster-Msgtype',
    ],
  ],
  [
    'dangerous',
    ['Bcc', 'Sender', 'Resent-To', 'DKIM-Signature', 'ARC-Seal', 'Received', 'Delivered-To', 'X-Original-To'],
  ],
  ['unknown', ['Foo', 'Face', 'Archive']],
  ['malformed', ['', 'X Order', 'X-Order:', 'X-Or\r\nBcc', 'X-Größe', '-X', `X-${'a'.repeat(80)}`]],
])('%s', (fault, names) => {
  test.each(names)('%j', (name) => {
    expect(headerFault(name, 'value')).toBe(fault);
  });
});

test.each([
  ['X-A', ''],
  ['X-A', ' '],
  ['X-A', '\u202E'],
  ['X-A', 'a\r\nBcc: eve@example.org'],
  ['X-A', 'a\nb'],
  ['X-A', 'a\0'],
  ['X-A', 'a\u0085b'],
  ['X-A', 'a\u2028b'],
  ['X-A', '\uD800'],
  ['X-A', 'x'.repeat(901)],
  ['X-A', 'x '.repeat(1_001)],
  ['In-Reply-To', 'not-an-id'],
  ['References', '<a@b.example>,<c@d.example>'],
])('the value of %s: %j is no line', (name, value) => {
  expect(headerFault(name, value)).toBe('malformed');
});

test.each<[string, string[], HeaderFault | undefined]>([
  ['X-Order', ['4711', '4712'], undefined],
  ['keywords', ['tea', 'cups'], undefined],
  ['Importance', ['high', 'low'], 'repeated'],
  ['References', ['<a@b.example>', '<c@d.example>'], 'repeated'],
  ['X-Order', ['4711', 'a\r\nBcc: eve@example.org'], 'malformed'],
  ['Bcc', ['eve@example.org', 'bo@example.org'], 'dangerous'],
])('%s as several fields, %j: %s', (name, values, fault) => {
  expect(headersFault(name, values)).toBe(fault);
});

describe('where any field may be set', () => {
  test.each([
    'Reply-To',
    'List-ID',
    'List-Help',
    'List-Archive',
    'Content-Language',
    'Content-Location',
    'Auto-Submitted',
    'X-Auto-Response-Suppress',
    'Disposition-Notification-To',
    'Archived-At',
    'Foo',
  ])('%s is allowed', (name) => {
    expect(headerFault(name, 'value', 'any')).toBeUndefined();
  });

  test.each<[string, HeaderFault]>([
    ['Return-Path', 'ours'],
    ['List-Unsubscribe', 'ours'],
    ['precedence', 'ours'],
    ['X-Complaints-To', 'ours'],
    ['From', 'structural'],
    ['Subject', 'structural'],
    ['Message-ID', 'structural'],
    ['Content-Type', 'structural'],
    ['Bcc', 'dangerous'],
    ['Sender', 'dangerous'],
    ['DKIM-Signature', 'dangerous'],
    ['X Order', 'malformed'],
  ])('%s is %s', (name, fault) => {
    expect(headerFault(name, 'value', 'any')).toBe(fault);
  });
});
