import { MAIL_VARIABLES } from './mail.js';
import { TEMPORAL_VARIABLES } from './temporal.js';
import type { Variable } from './variable.js';

export const VARIABLES: Readonly<Record<string, readonly Variable[]>> = {
  'Addresses of the API': [
    { name: 'PORT', meaning: 'port of the API; 0 takes a free port', fallback: '3000', example: '8080', field: 'port' },
    { name: 'HOST', meaning: 'address to listen on', fallback: '127.0.0.1', example: '0.0.0.0', field: 'host' },
    {
      name: 'PUBLIC_URL',
      meaning: 'address at which recipients reach the API; the links in mails begin with it',
      otherwise: '`http://HOST:PORT`',
      example: 'https://mail.example.org',
      field: 'publicUrl',
    },
    {
      name: 'TRUSTED_PROXIES',
      meaning: 'addresses or CIDR ranges of proxies whose `X-Forwarded-For` is used, separated by commas or blanks',
      otherwise: 'none',
      example: '10.0.0.0/8',
      field: 'trustedProxies',
    },
    {
      name: 'DIALECTS',
      meaning: 'dialects that are offered beside the native API; `none` for none',
      fallback: 'envie,mailbindr,emailmassivo',
      example: 'mailbindr',
      field: 'dialects',
    },
  ],
  Servers: [
    {
      name: 'MONGODB_URL',
      meaning:
        'a MongoDB replica set, version 6 or newer; it is read from the primary, also where the URL names a `readPreference`',
      otherwise: 'an embedded server; required by `api` and `worker`',
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
      meaning: 'host:port of the gRPC service of Temporal',
      otherwise: 'an embedded server; required by `api` and `worker`',
      example: 'temporal.example.org:7233',
      field: 'temporalAddress',
    },
    {
      name: 'TEMPORAL_NAMESPACE',
      meaning: 'its namespace; created if it is missing',
      fallback: 'default',
      example: 'everpost',
      field: 'temporalNamespace',
    },
    ...TEMPORAL_VARIABLES,
  ],
  Mail: MAIL_VARIABLES,
  'Drafts by AI': [
    {
      name: 'OPENAI_API_KEY',
      meaning: 'key of an endpoint that is compatible with OpenAI; a server of your own may accept any value',
      otherwise: 'no drafting: requests with `ai` get 402 `ai_not_available`',
      example: 'sk-a-key-of-yours',
      field: 'openaiApiKey',
    },
    {
      name: 'OPENAI_BASE_URL',
      meaning: 'address of that endpoint',
      fallback: 'https://api.openai.com/v1',
      example: 'http://127.0.0.1:11434/v1',
      field: 'openaiBaseUrl',
    },
    {
      name: 'OPENAI_MODEL',
      meaning: 'the model',
      fallback: 'gpt-4.1-mini',
      example: 'gpt-4.1',
      field: 'openaiModel',
    },
  ],
  'Hosts that callers name': [
    {
      name: 'ALLOWED_PRIVATE_HOSTS',
      meaning:
        'private hosts, addresses or CIDR ranges that webhooks, feeds and the transports of clients may reach, also by http and on any port',
      otherwise: 'none',
      example: '10.0.0.0/8',
      field: 'allowedPrivateHosts',
    },
  ],
  'Keys and limits': [
    {
      name: 'EVERPOST_API_KEY',
      meaning: 'a key for the first account, 20 to 128 visible characters',
      otherwise: 'a key is created at the first start and printed once',
      example: 'a-key-that-was-made-with-openssl',
      field: 'apiKey',
    },
    {
      name: 'EVERPOST_SECRET',
      meaning: 'encrypts stored secrets; 16 characters or more, the same for all processes',
      otherwise: 'created once and kept in `DATA_DIR`; required by `api` and `worker`',
      example: 'a secret that was made with openssl',
      field: 'secret',
    },
    {
      name: 'RATE_LIMIT_PER_MINUTE',
      meaning:
        'requests a minute for each key without a limit of its own, on all routes together that have none of their own; 0 turns all limits off',
      otherwise: '60 for the routes of Maily’s documents, 600 for the others',
      example: '1000',
      field: 'rateLimitPerMinute',
    },
  ],
  Retention: [
    {
      name: 'EVENTS_KEPT_DAYS',
      meaning:
        'days after which events, including opens and clicks of campaigns, are deleted in the nightly run; at least 30; 0: never',
      fallback: '0',
      example: '400',
      field: 'retentionDays',
    },
    {
      name: 'MESSAGES_KEPT_DAYS',
      meaning:
        'days after which messages in a final state are deleted in the nightly run, with text, attachments and Idempotency-Key; at least 30; 0: never',
      fallback: '0',
      example: '90',
      field: 'retentionDays',
    },
  ],
  'Browsers and metrics': [
    {
      name: 'CORS_ORIGINS',
      meaning: 'origins whose pages may call the API from a browser, separated by commas or blanks',
      otherwise: 'none',
      example: 'https://app.example.org',
      field: 'http',
    },
    {
      name: 'METRICS_TOKEN',
      meaning: 'token that `/metrics` requires as `Authorization: Bearer`; 16 characters or more',
      otherwise: 'no `/metrics`',
      example: 'a-token-for-prometheus',
      field: 'http',
    },
    {
      name: 'METRICS_PORT',
      meaning: 'port on `HOST` for `/metrics` of a worker that runs alone; 0 takes a free port; needs `METRICS_TOKEN`',
      otherwise: 'none; with `start` and `demo` the figures of the worker are in `/metrics` of the API',
      example: '9464',
      field: 'http',
    },
  ],
  'This machine': [
    {
      name: 'DATA_DIR',
      meaning: 'folder for the data of the embedded servers and the catcher',
      fallback: '.everpost',
      example: '/var/lib/everpost',
      field: 'dataDir',
    },
    {
      name: 'CATCHER_PORT',
      meaning: 'SMTP port of the catcher',
      fallback: '1025',
      example: '2525',
      field: 'catcherPort',
    },
    {
      name: 'INBOX_PORT',
      meaning: 'port of the catcher’s web inbox',
      fallback: '8025',
      example: '8026',
      field: 'inboxPort',
    },
    {
      name: 'LOG_LEVEL',
      meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; JSON lines on standard error',
      fallback: 'info',
      example: 'warn',
      field: 'logLevel',
    },
    {
      name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      meaning: 'OpenTelemetry collector for [traces](../guides/operating.md#traces), by OTLP over HTTP',
      otherwise: 'traces are off',
      example: 'http://127.0.0.1:4318',
      field: 'tracesEndpoint',
    },
    {
      name: 'XDG_CACHE_HOME',
      meaning: 'downloaded programs are kept in its folder `everpost`',
      otherwise: '`HOME/.cache`',
      example: '/var/cache',
      field: 'cacheDir',
    },
    {
      name: 'HOME',
      meaning: 'folder that contains `.cache`, without `XDG_CACHE_HOME`',
      otherwise: '`/tmp`',
      example: '/root',
      field: 'cacheDir',
    },
    {
      name: 'PATH',
      meaning: 'folders in which `mongod` and `temporal` are searched',
      otherwise: 'nowhere',
      example: '/usr/local/bin:/usr/bin',
      field: 'path',
    },
  ],
};
