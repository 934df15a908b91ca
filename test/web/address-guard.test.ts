import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressGuard } from '../../web/address-guard.js';

const noExceptions = addressGuard([]);

const FORBIDDEN = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.7',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '100::1',
  '2001::1',
  '2001:20::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
];

describe('addresses that are not public', () => {
  test.each(FORBIDDEN)('%s', (address) => {
    expect(noExceptions.classOf('hooks.example.com', address)).toBe('forbidden');
  });

  test.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::8'])(
    '%s is public',
    (address) => {
      expect(noExceptions.classOf('hooks.example.com', address)).toBe('public');
    },
  );

  test('every address in a private range is forbidden, also mapped into IPv6', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const inside = fc.oneof(
      fc.tuple(fc.constant(10), byte, byte, byte),
      fc.tuple(fc.constant(127), byte, byte, byte),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
      fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
    );
    fc.assert(
      fc.property(inside, (bytes) => {
        const address = bytes.join('.');
        expect(noExceptions.classOf('x', address)).toBe('forbidden');
        expect(noExceptions.classOf('x', `::ffff:${address}`)).toBe('forbidden');
        expect(noExceptions.faultOf(`https://${address}/`)).toMatch(/private or reserved/);
      }),
    );
  });
});

/** Spellings of 127.0.0.1, of the metadata service and of other forbidden addresses. */
const HIDDEN = [
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://127.1/',
  'https://127.0.0.1./',
  'https://①②⑦.0.0.1/',
  'https://0/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[0:0:0:0:0:ffff:7f00:1]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fd00:ec2::254]/',
  'https://2852039166/',
];

test.each(HIDDEN)('%s is refused before anything is resolved', (url) => {
  expect(noExceptions.faultOf(url)).toMatch(
    /^must not point to a private or reserved address; .*ALLOWED_PRIVATE_HOSTS$/,
  );
  const host = url.replace(/^https:\/\/|\/.*$/g, '');
  expect(noExceptions.hostFaultOf(host)).toMatch(
    /^must not point to a private or reserved address; .*ALLOWED_PRIVATE_HOSTS$/,
  );
});

test('a host is checked without its port: names, public addresses and exceptions are allowed', () => {
  for (const host of ['relay.example.org', '93.184.216.34', '[2606:4700::1111]', 'a%20b'])
    expect(noExceptions.hostFaultOf(host)).toBeUndefined();
  expect(addressGuard(['10.0.0.0/8']).hostFaultOf('10.1.2.3')).toBeUndefined();
  expect(addressGuard(['10.0.0.0/8']).hostFaultOf('127.0.0.1')).toBeDefined();
});

test.each([
  ['http://hooks.example.com/', 'must be an https:// URL'],
  ['http://localhost:8080/', expect.stringContaining('ALLOWED_PRIVATE_HOSTS')],
  ['https://api.localhost/', expect.stringContaining('ALLOWED_PRIVATE_HOSTS')],
  ['ftp://hooks.example.com/', 'must be an https:// URL'],
  ['file:///etc/passwd', 'must be an https:// URL'],
  ['gopher://127.0.0.1:70/', 'must be an https:// URL'],
  ['hooks.example.com', 'must be an https:// URL'],
  ['https://user:pw@hooks.example.com/', 'must not hold a user or a password'],
  ['https://user@hooks.example.com/', 'must not hold a user or a password'],
  ['https://hooks.example.com:25/', 'must use port 443 or 8443'],
  ['https://hooks.example.com:8443/x?y=z', undefined],
  ['https://hooks.example.com/', undefined],
])('%s: %s', (url, fault) => {
  expect(noExceptions.faultOf(url)).toEqual(fault);
});

describe('exceptions', () => {
  const some = addressGuard(['10.0.0.0/8', 'fd00::/8', '192.168.1.7', 'Hooks.internal.', '[::1]']);

  test.each([
    ['any.example', '10.9.8.7', 'excepted'],
    ['any.example', '::ffff:10.9.8.7', 'excepted'],
    ['any.example', 'fd12::1', 'excepted'],
    ['any.example', '::1', 'excepted'],
    ['any.example', '192.168.1.7', 'excepted'],
    ['any.example', '192.168.1.8', 'forbidden'],
    ['hooks.internal', '172.16.0.9', 'excepted'],
    ['HOOKS.INTERNAL.', '127.0.0.1', 'excepted'],
    ['hooks.internal.evil.example', '127.0.0.1', 'forbidden'],
    ['any.example', '127.0.0.1', 'forbidden'],
    ['any.example', '8.8.8.8', 'public'],
  ])('%s at %s is %s', (host, address, addressClass) => {
    expect(some.classOf(host, address)).toBe(addressClass);
  });

  test('may be reached by http and on any port; other literal addresses stay refused', () => {
    expect(some.faultOf('http://10.1.1.1:9000/')).toBeUndefined();
    expect(some.faultOf('http://hooks.internal:9000/')).toBeUndefined();
    expect(some.faultOf('http://127.0.0.1:9000/')).toMatch(/private or reserved/);
    expect(some.faultOf('http://8.8.8.8/')).toBe('must be an https:// URL');
  });
});
