import type { Variable } from './variable.js';

/** How mail leaves, and how reports about it come back. */
export const MAIL_VARIABLES: readonly Variable[] = [
  {
    name: 'SMTP_URL',
    meaning: '`smtp://user:password@host:port` or `smtps://…`; the parameters are below',
    otherwise: 'the local catcher: no mail leaves the machine; needed by `worker`',
    example: 'smtp://relay.example.org:587?tls=require',
    field: 'smtpUrl',
  },
  {
    name: 'SMTP_CONNECTIONS',
    meaning: 'connections to it that one worker process may hold open; a quarter of them is kept for messages',
    fallback: '16',
    example: '32',
    field: 'smtpConnections',
  },
  {
    name: 'MAIL_FROM',
    meaning: 'sender where neither campaign, list nor account names one; API and workers need the same',
    fallback: 'Everpost <news@everpost.test>',
    example: 'News <news@example.org>',
    field: 'mailFrom',
  },
  {
    name: 'REQUIRE_VERIFIED_DOMAINS',
    meaning: 'refuse senders whose domain is not verified; API and workers need the same',
    fallback: 'off',
    example: 'on',
    field: 'requireVerifiedDomains',
  },
  {
    name: 'DNS_SERVERS',
    meaning: 'name servers that are asked when a domain is verified, with commas or blanks between them',
    otherwise: 'those of the system',
    example: '192.0.2.53, [2001:db8::53]:5353',
    field: 'dnsServers',
  },
  {
    name: 'SPF_INCLUDE',
    meaning: 'the name under which your sending servers are listed: shown with each domain, and looked for in its SPF',
    otherwise: 'any valid SPF record will do',
    example: 'spf.relay.example.org',
    field: 'spfInclude',
  },
  {
    name: 'BOUNCE_DOMAIN',
    meaning:
      'where bounces, complaints and unsubscribes by mail come to; its mail must reach the intake. API and workers need the same',
    otherwise: 'bounces go to the sender’s address, except for domains with a `bounce_domain` of their own',
    example: 'bounce.example.org',
    field: 'bounceDomain',
  },
  {
    name: 'INBOUND_SMTP_PORT',
    meaning: 'SMTP port of the intake, on `HOST`; the API listens on it',
    otherwise: 'off; `POST /api/v1/inbound/raw` takes the same mail',
    example: '2525',
    field: 'inboundSmtpPort',
  },
  {
    name: 'INBOUND_TLS_PEM',
    meaning:
      'file of a certificate chain and its private key (PEM, one behind the other) with which the intake offers STARTTLS; read at the start',
    otherwise: 'the intake speaks no TLS',
    example: '/etc/everpost/bounce.pem',
    field: 'inboundTlsPem',
  },
  {
    name: 'UNREAD_REPORTS_DAYS',
    meaning: 'days for which a report that nobody could act on can be read in the store, 14 at most; 0: not at all',
    fallback: '3',
    example: '1',
    field: 'unreadReportsDays',
  },
  {
    name: 'PAUSE_AT_COMPLAINTS',
    meaning:
      'percent of complaints above which a campaign is paused, where its account has no `pause_at_complaints`; 100 is never',
    fallback: '0.3',
    example: '0.1',
    field: 'pauseAt',
  },
  {
    name: 'PAUSE_AT_BOUNCES',
    meaning:
      'percent of hard bounces above which a campaign is paused, where its account has no `pause_at_bounces`; 100 is never',
    fallback: '5',
    example: '8',
    field: 'pauseAt',
  },
  {
    name: 'ATTACHMENT_TYPES',
    meaning: 'media types that may be attached to messages, with commas or blanks between them',
    fallback:
      'application/pdf application/zip text/plain application/vnd.openxmlformats-officedocument.spreadsheetml.sheet application/excel image/jpeg image/png',
    example: 'application/pdf, image/png',
    field: 'attachmentTypes',
  },
  {
    name: 'ATTACHMENT_BYTES',
    meaning: 'bytes of all attachments of a message together, decoded; they are held in memory while they are read',
    fallback: '10485760',
    example: '5242880',
    field: 'attachmentBytes',
  },
  {
    name: 'RETRY_AFTER_CLOSE_MINUTES',
    meaning: 'minutes after the end of a campaign before `/retry` is accepted: late answers come first',
    fallback: '15',
    example: '30',
    field: 'retryAfterCloseMinutes',
  },
];
