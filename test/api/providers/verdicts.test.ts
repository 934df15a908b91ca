import { describe, expect, test } from 'vitest';
import { readPostmark } from '../../../api/providers/postmark.js';
import { decideForAddress } from '../../../domain/delivery/suppression.js';

const at = new Date('2026-05-15T09:00:00Z');

/** What a bounce of Postmark says of its address. */
async function decisionFor(Type: string, Details: string | null) {
  const body = Buffer.from(JSON.stringify({ RecordType: 'Bounce', ID: 7, Type, Details, Email: 'ada@firm.example' }));
  const content = await readPostmark({ headers: {}, body, settings: {}, at });
  const evidence = content.kind === 'reports' ? content.reports[0]?.evidence : undefined;
  if (evidence?.kind !== 'bounced') throw new Error(JSON.stringify(content));
  return [evidence.fate.class, decideForAddress(evidence.fate, 'report')];
}

describe('the verdict of a provider counts where the text of the server has none', () => {
  test.each([
    '550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [AB1.prod.protection.outlook.com]',
    '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).',
    '552 1 Requested mail action aborted, mailbox not found',
    '550 Unrouteable address',
    '550 5.4.1 xyzzy',
    '550 5.3.0 xyzzy',
    '500 xyzzy',
    '550 xyzzy',
    null,
  ])('HardBounce with %s', async (text) => {
    expect(await decisionFor('HardBounce', text)).toEqual(['invalid_recipient', 'suppress']);
  });

  test.each([
    ['smtp;550 5.1.1 this sender has sent to too many recipients this hour', 'rate_limited'],
    ['550 5.1.1 temporarily rejected, the LDAP server is down', 'expired'],
    ['554 5.7.1 refused by policy', 'policy'],
    ['550 5.7.26 DMARC', 'auth_failure'],
    ['452 4.7.1 Hourly quota exceeded', 'quota_exceeded'],
  ])('HardBounce with %s: the text decides', async (text, reason) => {
    const [name, decision] = await decisionFor('HardBounce', text);
    expect(decision).toBe('nothing');
    expect([reason, 'expired']).toContain(name);
  });

  test('SoftBounce with an unknown text suppresses nothing', async () => {
    expect(await decisionFor('SoftBounce', '550 5.4.1 xyzzy')).toEqual(['expired', 'nothing']);
    expect(await decisionFor('SoftBounce', '550 xyzzy')).toEqual(['unrecognised', 'nothing']);
  });
});
