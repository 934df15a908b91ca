import { infrastructure, message, noMailbox, type RefusalRule, sender, session, softBounce } from './rule.js';

/** Enhanced status codes (RFC 3463, RFC 5248 and Exchange Online). */
export const STATUS_RULES: readonly RefusalRule[] = [
  { id: 'greylisted-status', class: 'greylisted', ...session, codes: [450, 451, 452], status: /^2\.1$/ },
  { id: 'ascii-only', class: 'eai_unsupported', ...message, status: /^6\.7$/ },
  { id: 'too-large-status', class: 'too_large', ...message, status: /^(?:2\.3|3\.4)$/ },
  { id: 'full-status', class: 'mailbox_full', ...softBounce, status: /^2\.2$/ },
  { id: 'too-many', class: 'too_many_recipients', ...infrastructure, status: /^5\.3$/ },
  { id: 'no-mailbox-status', class: 'invalid_recipient', ...noMailbox, status: /^1\.(?:[136]|351)$/ },
  { id: 'other-owner', class: 'owner_changed', ...noMailbox, status: /^7\.1[78]$/ },
  {
    id: 'no-domain',
    class: 'bad_domain',
    scope: 'domain',
    means: 'fail',
    status: /^(?:1\.2|1\.10|4\.4|4\.310|4\.312)$/,
  },
  { id: 'off-status', class: 'mailbox_disabled', ...softBounce, status: /^(?:2\.1|7\.13)$/ },
  { id: 'content-status', class: 'content_rejected', ...message, status: /^6\./ },
  { id: 'out-of-time', class: 'expired', ...message, status: /^4\.(?:7|300)$/ },
];

/** Statuses that name no reason: they count after the phrases of the basic codes. */
export const GENERAL_STATUS_RULES: readonly RefusalRule[] = [
  { id: 'policy', class: 'policy', ...sender, status: /^7\./ },
  { id: 'systems', class: 'transient', ...infrastructure, means: 'fail', status: /^(?:3\.|4\.)/, vague: true },
];
