import { ATTACHMENT_TYPES } from '../../../config/attachment-types.js';
import type { Variable } from './variable.js';

/** Sending mail and receiving reports about it. */
export const MAIL_VARIABLES: readonly Variable[] = [
  {
    name: 'SMTP_URL',
    meaning: '`smtp://user:password@host:port` or `smtps://…`; its parameters are listed below',
    otherwise: 'the local catcher: no mail leaves the machine; needed by `worker`',
    example: 'smtp://relay.example.org:587?tls=require',
    field: 'smtpUrl',
  },
  {
    name: 'SMTP_CONNECTIONS',
    meaning:
      'connections to it that one worker may open, with all of its processes; campaigns leave a quarter to messages',
    fallback: '16',
    example: '32',
    field: 'smtpConnections',
  },
  {
    name: 'WORKER_PROCESSES',
    meaning: 'processes of one worker that send campaigns; at most one for each connection that campaigns may open',
    otherwise: 'one less than the cores of the machine, at least 1',
    example: '24',
    field: 'workerProcesses',
  },
  {
    name: 'MAIL_FROM',
    meaning: 'sender if neither campaign, list nor account names one',
    fallback: 'Everpost <news@everpost.test>',
    example: 'News <news@example.org>',
    field: 'mailFrom',
  },
  {
    name: 'REQUIRE_VERIFIED_DOMAINS',
    meaning: 'refuse senders whose domain is not verified',
    fallback: 'off',
    example: 'on',
    field: 'requireVerifiedDomains',
  },
  {
    name: 'DNS_SERVERS',
    meaning: 'name servers that verify domains, separated by commas or blanks',
    otherwise: 'those of the system',
    example: '192.0.2.53, [2001:db8::53]:5353',
    field: 'dnsServers',
  },
  {
    name: 'SPF_INCLUDE',
    meaning: 'the name that lists your sending servers: shown with each domain and checked in its SPF record',
    otherwise: 'any valid SPF record is accepted',
    example: 'spf.relay.example.org',
    field: 'spfInclude',
  },
  {
    name: 'BOUNCE_DOMAIN',
    meaning:
      'domain that receives bounces, complaints and unsubscribes by mail; its mail must reach the inbound server',
    otherwise: 'bounces go to the sender’s address, except for domains with their own `bounce_domain`',
    example: 'bounce.example.org',
    field: 'bounceDomain',
  },
  {
    name: 'INBOUND_SMTP_PORT',
    meaning: 'port of the inbound SMTP server on `HOST`; the API listens on it',
    otherwise: 'off; `POST /api/v1/inbound/raw` accepts the same mail',
    example: '2525',
    field: 'inboundSmtpPort',
  },
  {
    name: 'INBOUND_TLS_PEM',
    meaning:
      'file with a certificate chain and its private key (PEM) for STARTTLS of the inbound SMTP server; read at the start',
    otherwise: 'no TLS',
    example: '/etc/everpost/bounce.pem',
    field: 'inboundTlsPem',
  },
  {
    name: 'PAUSE_AT_COMPLAINTS',
    meaning:
      'percentage of complaints above which a campaign is paused, if its account has no `pause_at_complaints`; 100: never',
    fallback: '0.3',
    example: '0.1',
    field: 'pauseAt',
  },
  {
    name: 'PAUSE_AT_BOUNCES',
    meaning:
      'percentage of hard bounces above which a campaign is paused, if its account has no `pause_at_bounces`; 100: never',
    fallback: '5',
    example: '8',
    field: 'pauseAt',
  },
  {
    name: 'ATTACHMENT_TYPES',
    meaning: 'media types that may be attached to messages, separated by commas or blanks',
    fallback: ATTACHMENT_TYPES.join(' '),
    example: 'application/pdf, image/png',
    field: 'attachmentTypes',
  },
  {
    name: 'ATTACHMENT_BYTES',
    meaning: 'size in bytes of all attachments of a message together, decoded; they are in memory while they are read',
    fallback: '10485760',
    example: '5242880',
    field: 'attachmentBytes',
  },
];
