import { describe, expect, test } from 'vitest';
import {
  checkDkimRecord,
  checkDmarcRecord,
  type DkimKeyStatus,
  domainsAbove,
  isPublished,
  latestCheck,
  noDnsAnswer,
  promoteNextKeys,
  type RecordCheck,
  type RecordState,
  signingKeys,
  UNCHECKED,
} from '../../domain/sender-domain.js';

describe('a DKIM record', () => {
  test.each<[string, string[], RecordState]>([
    ['none', [], 'missing'],
    ['as we show it', ['v=DKIM1; k=rsa; p=KEY'], 'ok'],
    ['without version and type', ['p=KEY'], 'ok'],
    ['with blanks in the key and other tags', ['v=DKIM1 ; t=s; h=sha256;k=rsa;  p= KE Y ;'], 'ok'],
    ['another key', ['v=DKIM1; k=rsa; p=OTHER'], 'wrong'],
    ['another type', ['v=DKIM1; k=ed25519; p=KEY'], 'wrong'],
    ['revoked', ['v=DKIM1; p='], 'wrong'],
    ['another version', ['v=DKIM2; p=KEY'], 'wrong'],
    ['no key at all', ['hello'], 'wrong'],
    ['two of them', ['v=DKIM1; p=KEY', 'v=DKIM1; p=KEY'], 'wrong'],
  ])('%s', (_, records, state) => {
    expect(checkDkimRecord(records, 'rsa', 'KEY').state).toBe(state);
  });
});

describe('a DMARC record', () => {
  test.each<[string[], RecordState]>([
    [[], 'missing'],
    [['v=DMARC1; p=none'], 'ok'],
    [['v=DMARC1;p=REJECT;rua=mailto:a@b.example'], 'ok'],
    [['v=DMARC1; p=never'], 'wrong'],
    [['v=DMARC1'], 'wrong'],
    [['v=DMARC1; p=none', 'v=DMARC1; p=none'], 'wrong'],
  ])('%j is %s', (records, state) => {
    expect(checkDmarcRecord(records).state).toBe(state);
  });

  test('is looked up at the domain and at each parent', () => {
    expect(domainsAbove('a.b.shop.example')).toEqual(['a.b.shop.example', 'b.shop.example', 'shop.example']);
    expect(domainsAbove('shop.example')).toEqual(['shop.example']);
  });
});

const check = (state: RecordState): RecordCheck => ({ ...UNCHECKED, state });
const keys = (use: DkimKeyStatus['use'], rsa: RecordState, ed25519: RecordState): DkimKeyStatus[] => [
  { algorithm: 'rsa-sha256', use, check: check(rsa) },
  { algorithm: 'ed25519-sha256', use, check: check(ed25519) },
];

test.each<[RecordState, RecordState, boolean]>([
  ['ok', 'ok', true],
  ['ok', 'missing', true],
  ['ok', 'wrong', false],
  ['missing', 'ok', false],
  ['wrong', 'ok', false],
  ['missing', 'missing', false],
])('keys whose RSA record is %s and ed25519 record %s are published: %s', (rsa, ed25519, published) => {
  expect(isPublished(keys('active', rsa, ed25519))).toBe(published);
});

test('all keys sign before anything is published, then the published ones; a wrong one is not skipped', () => {
  const states = (...given: Parameters<typeof keys>) => signingKeys(keys(...given)).map((key) => key.check.state);
  expect(states('active', 'missing', 'missing')).toEqual(['missing', 'missing']);
  expect(states('active', 'ok', 'missing')).toEqual(['ok']);
  expect(states('active', 'wrong', 'missing')).toEqual(['wrong']);
  expect(signingKeys([...keys('next', 'ok', 'ok'), ...keys('retired', 'ok', 'ok')])).toEqual([]);
});

test('next keys are activated once they are published, not before', () => {
  const uses = (rsa: RecordState, ed25519: RecordState) =>
    promoteNextKeys([...keys('active', 'ok', 'ok'), ...keys('next', rsa, ed25519), ...keys('retired', 'ok', 'ok')]).map(
      ({ use }) => use,
    );
  expect(uses('missing', 'ok')).toEqual(['active', 'active', 'next', 'next', 'retired', 'retired']);
  expect(uses('ok', 'wrong')).toEqual(['active', 'active', 'next', 'next', 'retired', 'retired']);
  expect(uses('ok', 'missing')).toEqual(['active', 'active', 'retired', 'retired']);
});

test('without an answer the last result stays', () => {
  expect(latestCheck(check('ok'), noDnsAnswer('ETIMEOUT'))).toEqual({
    ...check('ok'),
    note: 'The name servers did not answer (ETIMEOUT).',
  });
  expect(latestCheck(check('ok'), check('missing'))).toEqual(check('missing'));
});
