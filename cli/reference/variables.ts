import type { Config } from '../../config.js';

/** One variable of the environment, as the reference tells it. Tests compare each with what `config.ts` reads. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** As somebody would write it; absent where the default is no plain value. */
  readonly fallback?: string;
  /** What happens without it, where there is no plain value. */
  readonly otherwise?: string;
  readonly example: string;
  /** The field of `Config` that it fills. */
  readonly field: keyof Config;
  /** Read and checked, but nothing asks for it yet. */
  readonly idle?: true;
}

export const VARIABLES: Readonly<Record<string, readonly Variable[]>> = {
  'Addresses of the API': [
    { name: 'PORT', meaning: 'port of the API; 0 takes a free one', fallback: '3000', example: '8080', field: 'port' },
    { name: 'HOST', meaning: 'address to listen on', fallback: '127.0.0.1', example: '0.0.0.0', field: 'host' },
    {
      name: 'PUBLIC_URL',
      meaning: 'where recipients reach the API: the links in mails begin with it, so API and workers need the same',
      otherwise: '`http://HOST:PORT`',
      example: 'https://mail.example.org',
      field: 'publicUrl',
    },
    {
      name: 'TRUSTED_PROXIES',
      meaning: 'addresses or CIDR ranges whose `X-Forwarded-For` is believed, with commas or blanks between them',
      otherwise: 'none',
      example: '10.0.0.0/8',
      field: 'trustedProxies',
    },
  ],
  Servers: [
    {
      name: 'MONGODB_URL',
      meaning: 'a MongoDB replica set, version 6 or newer',
      otherwise: 'an embedded one; needed by `api` and `worker`',
      example: 'mongodb://db.example.org/?replicaSet=rs0',
      field: 'mongodbUrl',
    },
    {
      name: 'MONGODB_DATABASE',
      meaning: 'name of the database',
      fallback: 'everpost',
      example: 'mail',
      field: 'mongodbDatabase',
    },
    {
      name: 'TEMPORAL_ADDRESS',
      meaning: 'host:port of the gRPC service of a Temporal',
      otherwise: 'an embedded one; needed by `api` and `worker`',
      example: 'temporal.example.org:7233',
      field: 'temporalAddress',
    },
    {
      name: 'TEMPORAL_NAMESPACE',
      meaning: 'its namespace; made if it is missing',
      fallback: 'default',
      example: 'everpost',
      field: 'temporalNamespace',
    },
  ],
  Mail: [
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
      meaning:
        'the name under which your sending servers are listed: shown with each domain, and looked for in its SPF',
      otherwise: 'any valid SPF record will do',
      example: 'spf.relay.example.org',
      field: 'spfInclude',
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
  ],
  'Drafts by AI': [
    {
      name: 'OPENAI_API_KEY',
      meaning: 'key of an endpoint that speaks as OpenAI does; servers of your own take any word',
      otherwise: 'no drafting: `ai` answers 402 `ai_not_available`',
      example: 'sk-a-key-of-yours',
      field: 'openaiApiKey',
      idle: true,
    },
    {
      name: 'OPENAI_BASE_URL',
      meaning: 'where that endpoint is',
      fallback: 'https://api.openai.com/v1',
      example: 'http://127.0.0.1:11434/v1',
      field: 'openaiBaseUrl',
      idle: true,
    },
    {
      name: 'OPENAI_MODEL',
      meaning: 'the model that is asked; API and workers need the same three',
      fallback: 'gpt-4.1-mini',
      example: 'gpt-4.1',
      field: 'openaiModel',
      idle: true,
    },
  ],
  'Keys and limits': [
    {
      name: 'EVERPOST_API_KEY',
      meaning: 'a key for the first account, 20 to 128 visible characters',
      otherwise: 'one is made at the first start and printed once',
      example: 'a-key-that-was-made-with-openssl',
      field: 'apiKey',
    },
    {
      name: 'EVERPOST_SECRET',
      meaning: 'seals what is secret in the store; 16 characters or more, the same for all processes',
      otherwise: 'made once and kept in `DATA_DIR`; needed by `api` and `worker`',
      example: 'a secret that was made with openssl',
      field: 'secret',
    },
    {
      name: 'RATE_LIMIT_PER_MINUTE',
      meaning: 'requests a minute and key',
      fallback: '60',
      example: '600',
      field: 'rateLimitPerMinute',
      idle: true,
    },
  ],
  'This machine': [
    {
      name: 'DATA_DIR',
      meaning: 'where the embedded servers and the catcher keep their data',
      fallback: '.everpost',
      example: '/var/lib/everpost',
      field: 'dataDir',
    },
    { name: 'CATCHER_PORT', meaning: 'SMTP of the catcher', fallback: '1025', example: '2525', field: 'catcherPort' },
    { name: 'INBOX_PORT', meaning: 'web inbox of the catcher', fallback: '8025', example: '8026', field: 'inboxPort' },
    {
      name: 'LOG_LEVEL',
      meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; JSON lines on standard error',
      fallback: 'info',
      example: 'warn',
      field: 'logLevel',
    },
    {
      name: 'MONGOD_PATH',
      meaning: 'the `mongod` program to embed',
      otherwise: 'found on `PATH`, or fetched once',
      example: '/usr/bin/mongod',
      field: 'binaries',
    },
    {
      name: 'TEMPORAL_CLI_PATH',
      meaning: 'the `temporal` program to embed',
      otherwise: 'found on `PATH`, or fetched once',
      example: '/usr/bin/temporal',
      field: 'binaries',
    },
    {
      name: 'TEMPORAL_TEST_SERVER_PATH',
      meaning: 'the time-skipping Temporal, for tests',
      otherwise: 'found on `PATH`, or fetched once',
      example: '/usr/bin/temporal-test-server',
      field: 'binaries',
    },
    {
      name: 'XDG_CACHE_HOME',
      meaning: 'programs that were fetched are kept in `everpost` below it',
      otherwise: '`HOME/.cache`',
      example: '/var/cache',
      field: 'cacheDir',
    },
    {
      name: 'HOME',
      meaning: 'where `.cache` is, without `XDG_CACHE_HOME`',
      otherwise: '`/tmp`',
      example: '/root',
      field: 'cacheDir',
    },
    {
      name: 'PATH',
      meaning: 'where `mongod` and `temporal` are looked for',
      otherwise: 'nowhere',
      example: '/usr/local/bin:/usr/bin',
      field: 'path',
    },
  ],
};
