import { expect, test } from 'vitest';
import { toNativeRequest } from '../../../api/dialects/emailmassivo/request.js';

const mail = { to: { email: 'ada@example.com' }, subject: 'Hello', html: '<p>Hello</p>' };
const copiesOf = (cc: string) => toNativeRequest({ mail: { ...mail, cc } }).request.cc;

test('copies are addresses with or without a name, separated by commas', () => {
  expect(copiesOf('Bob <bob@example.com>, "Eve E." <eve@example.com>;<sam@example.com>, kim@example.com')).toEqual([
    { email: 'bob@example.com', name: 'Bob' },
    { email: 'eve@example.com', name: 'Eve E.' },
    { email: 'sam@example.com', name: null },
    { email: 'kim@example.com', name: null },
  ]);
});

test.each(['a"b <bob@example.com>', '<>', 'Bob <b<ob@example.com>'])('%s is no address and is kept as it is', (cc) => {
  expect(copiesOf(cc)).toEqual([{ email: cc, name: null }]);
});

test.each([`a${' '.repeat(19_000)}x`, `${'<'.repeat(19_000)}>`])('a copy longer than any address is refused', (cc) => {
  expect(() => copiesOf(cc)).toThrow('One or more fields are invalid.');
});
