import { RECIPIENT_STATUSES, type RecipientStatus } from '../../domain/campaign/campaign.js';
import { REFUSAL_RULES, REFUSAL_RULES_VERSION } from '../../domain/delivery/refusal-rules.js';
import type { RefusalAction } from '../../domain/delivery/refusals/rule.js';
import { RETRY_WAITS } from '../../domain/delivery/retry.js';
import { SOFT_BOUNCES } from '../../domain/delivery/suppression.js';
import { code, type Page, page, table } from './page.js';

const STATUSES: Readonly<Record<RecipientStatus, string>> = {
  sent: 'The receiving server answered 250 after the final dot.',
  failed: 'The server refused permanently, the mail could not be rendered, or time ran out.',
  uncertain: 'The mail may have arrived or not. It is not repeated unless you ask for it.',
  skipped:
    'Not mailed on purpose: unsubscribed, suppressed or deleted since the freeze, or the campaign was cancelled before.',
  deferred: 'Refused temporarily, or the mail server could not be reached; a later round tries again.',
  pending: 'Not claimed yet, or in flight.',
};

/** Classes that do not come from a reply. */
const CLASSES_WITHOUT_REPLY: readonly (readonly [name: string, status: RecipientStatus, meaning: string])[] = [
  ['gone', 'skipped', 'The subscriber was deleted after the freeze.'],
  ['unsubscribed', 'skipped', 'Unsubscribed after the freeze.'],
  ['pending', 'skipped', 'Unsubscribed after the freeze, signed up again, and has not confirmed yet.'],
  ['bounced', 'skipped', 'A hard bounce since the freeze.'],
  ['complained', 'skipped', 'A complaint since the freeze.'],
  ['suppressed', 'skipped', 'The address is on the suppression list.'],
  ['cancelled', 'skipped', 'The campaign was cancelled before this recipient was claimed or tried again.'],
  ['owner_lost', 'uncertain', 'The process that sent the mail ended or lost its page before the reply.'],
  [
    'restored',
    'uncertain',
    'The database was restored from a backup, and the mail may have been sent after the backup (`everpost restored`).',
  ],
  ['unknown_outcome', 'uncertain', 'The connection was lost, or no reply came in time, after the body had begun.'],
  ['connection_lost', 'deferred', 'The connection was lost before the body.'],
  ['tls', 'deferred', 'TLS could not be established.'],
  ['expired', 'failed', 'Still deferred when `ttl_hours` had passed.'],
  ['invalid_address', 'failed', 'The address is not a single valid mailbox.'],
  ['render_error', 'failed', 'The Liquid of the letter failed for this recipient.'],
  [
    'bad_signing_key',
    'failed',
    'A DKIM key of the sender’s domain does not work. Messages only; a campaign is paused instead.',
  ],
  [
    'domain_not_verified',
    'failed',
    'The sender’s domain is not verified (`REQUIRE_VERIFIED_DOMAINS`). Messages only; a campaign is paused instead.',
  ],
  ['unrecognised', 'failed', 'A 5xx reply that no rule matches.'],
  ['signing_failed', 'deferred', 'The DKIM signature could not be made; mail of this domain is not sent unsigned.'],
  ['transient', 'deferred', 'A 4xx reply that no rule matches.'],
  ['accepted', 'sent', 'The mail was uncertain; late evidence shows that it arrived.'],
];

const CONSEQUENCES: Readonly<Record<RefusalAction, string>> = {
  suppress: 'final; suppressed at once',
  count: 'final; suppressed after repeated refusals (below)',
  fail: 'final',
  retry: 'tried again',
};

/** Every outcome of a recipient and its name. */
export function outcomesPage(): Page {
  return page(
    'outcomes',
    'domain/delivery/refusal-rules.ts, domain/delivery/suppression.ts and domain/delivery/retry.ts',
    'Outcomes of a recipient',
    "`GET /api/v1/campaigns/{id}/recipients` lists each recipient: `status`, `class` and the server's `reply` with addresses\nredacted.",
    table(
      ['status', 'meaning'],
      RECIPIENT_STATUSES.map((status) => [code(status), STATUSES[status]]),
    ),
    '## Classes without a reply',
    table(
      ['class', 'status', 'meaning'],
      CLASSES_WITHOUT_REPLY.map(([name, status, meaning]) => [code(name), code(status), meaning]),
    ),
    `## Rules that classify refusals\n\nVersion ${REFUSAL_RULES_VERSION}; the first match counts, and \`version:rule\` is stored with the refusal. After a 4xx reply the mail is\ntried again, whatever the class. Only scope \`address\` removes an address from every list and suppresses it; a reply that no\nrule matches never does.`,
    table(
      ['rule', 'class', 'scope', 'after a 5xx reply'],
      REFUSAL_RULES.map(({ id, class: name, scope, means }) => [code(id), code(name), scope, CONSEQUENCES[means]]),
    ),
    '## Soft bounces\n\nRefusals and reports of one day count once; older ones than 90 days do not count.',
    table(
      ['class', 'suppressed after'],
      Object.entries(SOFT_BOUNCES).map(([name, { days, hours }]) => [
        code(name),
        `${days} days with a refusal, the first at least ${hours} hours ago`,
      ]),
    ),
    `## When deferred recipients are tried again\n\nAfter ${waits()}, each ±20 %, the last one repeated, until \`ttl_hours\` after the launch.`,
  );
}

function waits(): string {
  return RETRY_WAITS.map((ms) => (ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`)).join(', ');
}
