import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openLog } from '../../api/log.js';
import { openEverpost } from '../../cli/start.js';
import { readConfig } from '../../config.js';
import { keys } from '../../store/keys/keys.js';
import { openStore } from '../../store/mongo/connect.js';
import { counters } from '../../store/mongo/counters.js';
import { dataFolder } from '../support/servers/data-folder.js';
import { growConstructs } from './grown.js';
import { schemathesis } from './provision.js';
import { SEEDED, seed } from './seed.js';

/**
 * Constructs of letters, grown to 200 kB; then every request the OpenAPI document allows, and many it forbids. Against a whole
 * Everpost, bounded in time.
 */
const SECONDS = process.env['FUZZ_SECONDS'] ?? '60';
/**
 * Methods are not among them: Node's parser refuses those it does not know before there is a path, and `Allow` names what a
 * path with a parameter takes as well; test/api/hooks/conventions.test.ts has the 405s.
 */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
  'negative_data_rejection',
  'ignored_auth',
];
/** Ids of keys begin so high that no made-up one is ours. */
const FAR = 900_000;

const dataDir = await dataFolder('fuzz');
const ENVIRONMENT = { PORT: '0', RATE_LIMIT_PER_MINUTE: '0', LOG_LEVEL: 'error', CATCHER_PORT: '0', INBOX_PORT: '0' };
const config = readConfig({ ...process.env, ...ENVIRONMENT, DATA_DIR: dataDir });
const program = await schemathesis(config.cacheDir);
const everpost = await openEverpost(config, openLog(config));
const store = await openStore({ url: everpost.at.mongodbUrl, database: config.mongodbDatabase });
await counters(store).block('keys', FAR);
const { key, secret } = await keys(store).issue(1, 'fuzz');
await seed(everpost.api, secret);
const faults = await growConstructs(everpost.api, secret, 1);
for (const fault of faults) process.stderr.write(`${fault}\n`);
const here = fileURLToPath(new URL('.', import.meta.url));

const options = ['--url', everpost.api, '--checks', CHECKS.join(','), '--max-time', SECONDS, '--workers', '2'];
const habits = ['--generation-database', 'none', '--continue-on-failure', '--request-timeout', '20', '--no-color'];
const child = spawn(
  program,
  [
    '-m',
    'schemathesis.cli',
    '--config-file',
    `${here}schemathesis.toml`,
    'run',
    `${everpost.api}/openapi.json`,
    '-H',
    `Authorization: Bearer ${secret}`,
  ].concat(options, habits, process.argv.slice(2)),
  {
    stdio: 'inherit',
    cwd: dataDir,
    env: {
      PATH: config.path,
      FUZZ_KEY_ID: String(key._id),
      FUZZ_SEEDED: String(SEEDED),
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: here,
      PYTHONDONTWRITEBYTECODE: '1',
    },
  },
);
const [code] = await once(child, 'exit');
await store.close();
await everpost.stop();
await rm(dataDir, { recursive: true, force: true });
process.exit(code === 0 && faults.length === 0 ? 0 : 1);
