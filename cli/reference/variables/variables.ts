import { EDGE_VARIABLES } from './edge.js';
import { MAIL_VARIABLES } from './mail.js';
import { RETENTION_VARIABLES } from './retention.js';
import type { Variable } from './variable.js';
import { WEB_VARIABLES } from './web.js';

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
    {
      name: 'DIALECTS',
      meaning: 'APIs of others that are spoken here beside the native one; `none` for none',
      fallback: 'envie,mailbindr,emailmassivo',
      example: 'mailbindr',
      field: 'dialects',
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
  Mail: MAIL_VARIABLES,
  'Drafts by AI': [
    {
      name: 'OPENAI_API_KEY',
      meaning: 'key of an endpoint that speaks as OpenAI does; servers of your own take any word',
      otherwise: 'no drafting: `ai` answers 402 `ai_not_available`',
      example: 'sk-a-key-of-yours',
      field: 'openaiApiKey',
    },
    {
      name: 'OPENAI_BASE_URL',
      meaning: 'where that endpoint is',
      fallback: 'https://api.openai.com/v1',
      example: 'http://127.0.0.1:11434/v1',
      field: 'openaiBaseUrl',
    },
    {
      name: 'OPENAI_MODEL',
      meaning: 'the model that is asked; API and workers need the same three',
      fallback: 'gpt-4.1-mini',
      example: 'gpt-4.1',
      field: 'openaiModel',
    },
  ],
  'Hosts that callers name': WEB_VARIABLES,
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
      meaning: 'requests a minute and key where no other limit names the route; 0 turns all limits off',
      fallback: '60',
      example: '600',
      field: 'rateLimitPerMinute',
    },
  ],
  'What is kept': RETENTION_VARIABLES,
  'The edge': EDGE_VARIABLES,
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
