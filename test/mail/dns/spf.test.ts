import { expect, test } from 'vitest';
import { checkDmarc, checkSpf } from '../../../mail/dns/checks.js';
import type { Lookup } from '../../../mail/dns/lookup.js';

function zone(records: Readonly<Record<string, readonly string[]>>): Lookup {
  return {
    txt: async (name) => {
      const found = records[name];
      if (found?.[0] === 'SERVFAIL') return { kind: 'unreachable', why: 'ESERVFAIL' };
      return found === undefined ? { kind: 'none' } : { kind: 'found', records: found };
    },
    mx: async () => ({ kind: 'none' }),
  };
}

const chain = (length: number) =>
  Object.fromEntries(
    Array.from({ length }, (_, i) => [
      `s${i}`,
      [`v=spf1 ${i + 1 < length ? `include:s${i + 1}` : 'ip4:192.0.2.1'} -all`],
    ]),
  );

test.each<[string, Record<string, string[]>, string | undefined, string, string | null]>([
  ['no record', { d: ['other'] }, undefined, 'missing', null],
  ['one without look-ups', { d: ['v=spf1 ip4:192.0.2.1 -all'] }, undefined, 'ok', '0 of 10 look-ups.'],
  [
    'every term with a look-up',
    { d: ['v=spf1 a mx ?ptr exists:%{i}.x a:b.x/24 -mx:c.x ~all'] },
    undefined,
    'ok',
    '6 of 10 look-ups.',
  ],
  ['terms without a look-up', { d: ['v=spf1 all exp=a.x ip6:2001:db8::/32'] }, undefined, 'ok', '0 of 10 look-ups.'],
  [
    'two records',
    { d: ['v=spf1 -all', 'v=spf1 -all'] },
    undefined,
    'wrong',
    'd has more than one SPF record; leave one.',
  ],
  [
    'ten look-ups through includes',
    { d: ['v=spf1 include:s0 -all'], ...chain(10) },
    undefined,
    'ok',
    '10 of 10 look-ups.',
  ],
  [
    'eleven',
    { d: ['v=spf1 include:s0 -all'], ...chain(11) },
    undefined,
    'wrong',
    'The record needs more than 10 look-ups.',
  ],
  ['a loop', { d: ['v=spf1 include:d -all'] }, undefined, 'wrong', 'The record needs more than 10 look-ups.'],
  [
    'an include of nothing',
    { d: ['v=spf1 include:gone -all'] },
    undefined,
    'wrong',
    'gone is included and has no SPF record.',
  ],
  [
    'the required include',
    { d: ['v=spf1 redirect=s'], s: ['v=spf1 include:Relay.x ~all'], 'relay.x': ['v=spf1 -all'] },
    'relay.x',
    'ok',
    '2 of 10 look-ups.',
  ],
  [
    'without the required include',
    { d: ['v=spf1 mx -all'] },
    'relay.x',
    'wrong',
    'The record does not include relay.x.',
  ],
  [
    'a failing name server',
    { d: ['v=spf1 include:f -all'], f: ['SERVFAIL'] },
    undefined,
    'unknown',
    'The name servers did not answer (ESERVFAIL).',
  ],
])('SPF: %s', async (_, records, include, state, note) => {
  expect(await checkSpf(zone(records), 'd', include)).toMatchObject({ state, note });
});

test('the DMARC policy of a parent domain applies, and the note names it', async () => {
  const lookup = zone({ '_dmarc.shop.example': ['v=DMARC1; p=reject'], '_dmarc.a.shop.example': ['another record'] });
  expect(await checkDmarc(lookup, 'a.shop.example')).toMatchObject({
    state: 'ok',
    note: 'Published at _dmarc.shop.example.',
  });
  expect(await checkDmarc(zone({}), 'a.shop.example')).toMatchObject({ state: 'missing' });
});
