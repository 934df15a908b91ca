import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { missingSettings } from '../cli/addresses.js';
import { VARIABLES } from '../cli/reference/variables/variables.js';
import { packageRoot, readConfig } from '../config.js';
import { PROTOCOL_TIMES } from '../domain/delivery/protocol.js';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');
/** The line of Node.js that the image runs. */
const NODE = read('.nvmrc').trim();
const exists = (path: string) => existsSync(join(packageRoot(), path));
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const known = Object.values(VARIABLES).flatMap((group) => group.map(({ name }) => name));
const commands = [...read('cli.ts').matchAll(/\.command\('(\w+)/g)].map(([, name]) => name);
const built = (path: string) => path.replace(/^dist\//, '').replace(/\.js$/, '.ts');
const filled = (text: string) =>
  text.replace(/\$\{\w+:-(.*?)\}/g, '$1').replace(/\$\{\w+:\?\}/g, 'https://given-by-me.example');

test('the API and a worker are ours; the servers come as images with a version', () => {
  expect(ours.map(([name]) => name).sort()).toEqual(['api', 'worker']);
  for (const [, { image }] of services) expect(image).toMatch(/^[\w./-]+:[\w.-]+$/);
  for (const [, { image }] of services) expect(image).not.toMatch(/:latest$/);
});

describe.each(services)('service %s', (_name, service) => {
  test('has a health check and waits for healthy ones only', () => {
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services[other]?.healthcheck).toBeDefined();
      expect(condition).toBe('service_healthy');
    }
  });

  test('mounts only what is declared or there', () => {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      expect(source in compose.volumes || exists(source)).toBe(true);
    }
  });
});

describe.each(ours)('our service %s', (name, { command = [], environment = {}, healthcheck }) => {
  test('runs a command of cli.ts, and asks another one for its health', () => {
    expect(commands).toContain(command[0]);
    const [, program, file = '', verb, role] = healthcheck?.test ?? [];
    expect([program, verb, role]).toEqual(['node', 'health', name]);
    expect(exists(built(file))).toBe(true);
  });

  test('is given variables that config.ts reads, and all that its role needs', () => {
    expect(Object.keys(environment).filter((variable) => !known.includes(variable))).toEqual([]);
    const values = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, filled(value)]));
    const config = readConfig({ ...values, SMTP_CONNECTIONS: '16', SMTP_URL: 'smtp://relay.example.org' });
    expect(missingSettings(config, name as 'api' | 'worker')).toEqual([]);
    expect(name === 'api' || 'SMTP_URL' in environment).toBe(true);
  });

  test('API and worker agree on what stands in mails and on secrets', () => {
    const same = ['PUBLIC_URL', 'MAIL_FROM', 'EVERPOST_SECRET', 'MONGODB_URL', 'TEMPORAL_ADDRESS'];
    for (const variable of same) expect(environment[variable]).toBe(compose.services['api']?.environment?.[variable]);
  });
});

/** Settings that have no place in a deployment, or that it sets itself. */
const OF_THE_MACHINE = [
  'PORT',
  'HOST',
  'DATA_DIR',
  'METRICS_PORT',
  'CATCHER_PORT',
  'INBOX_PORT',
  'XDG_CACHE_HOME',
  'HOME',
  'PATH',
];
/** Compose runs a Temporal of its own, in the same network. */
const OF_ANOTHER_TEMPORAL = known.filter((name) => /^TEMPORAL_(API_KEY|TLS|CONFIG|PROFILE)/.test(name));

test('compose passes every variable', () => {
  const passed = new Set(ours.flatMap(([, { environment = {} }]) => Object.keys(environment)));
  const missing = known.filter((name) => !passed.has(name) && !OF_ANOTHER_TEMPORAL.includes(name));
  expect(missing).toEqual(OF_THE_MACHINE.filter((name) => !passed.has(name)));
});

describe('the Helm chart', () => {
  const chart = 'deploy/helm/everpost';
  interface Values {
    readonly config: Readonly<Record<string, string>>;
    readonly secrets: Readonly<Record<string, string>>;
  }
  const values = parse(read(`${chart}/values.yaml`)) as Values;

  test('has every variable, once, and no other', () => {
    const named = [...Object.keys(values.config), ...Object.keys(values.secrets)];
    expect([...named, ...OF_THE_MACHINE].sort()).toEqual([...known].sort());
  });

  test('agrees with compose about the defaults that differ from those of the program', () => {
    const shared = compose.services['worker']?.environment ?? {};
    for (const [name, value] of Object.entries(values.config).filter(([, set]) => set !== ''))
      expect(filled(shared[name] ?? ''), name).toBe(value);
  });

  test('is read by the program as it stands', () => {
    const set = Object.entries(values.config).filter(([, value]) => value !== '');
    expect(() => readConfig(Object.fromEntries(set))).not.toThrow();
    const sample = parse(read('deploy/helm/values-atlas-temporal-cloud.yaml')) as Values;
    expect(Object.keys(sample.config).filter((name) => !(name in values.config))).toEqual([]);
    expect(readConfig(sample.config).temporalAccess.tls).toBeDefined();
  });

  test('publishes the paths of the production guide, and not those for monitoring', () => {
    const rows = [...read('docs/guides/production.md').matchAll(/^\| ((?:`\/[^`]*`(?:, )?)+) \|/gm)].flatMap(
      ([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
    );
    const ingress = read(`${chart}/templates/ingress.yaml`);
    const published = [...ingress.matchAll(/"(\/[^"]+)"/g)].map(([, path]) => path);
    const expected = rows.filter((path) => !['/', '/health', '/ready', '/metrics'].includes(path));
    expect(published.sort()).toEqual([...new Set(expected)].sort());
    expect(ingress).toContain('{ path: /, pathType: Exact');
  });

  test('runs commands of cli.ts, and gives a worker the time of compose', () => {
    const args = ['api', 'worker', 'migrate-job'].map(
      (name) => /args: \[(\w+)\]/.exec(read(`${chart}/templates/${name}.yaml`))?.[1],
    );
    expect(args).toEqual(['api', 'worker', 'migrate']);
    for (const command of args) expect(commands).toContain(command);
    const grace = /terminationGracePeriodSeconds: (\d+)/.exec(read(`${chart}/templates/worker.yaml`))?.[1];
    expect(`${grace}s`).toBe(compose.services['worker']?.stop_grace_period);
  });

  test('brings the alerts of the repository', () => {
    expect(read(`${chart}/alerts.yml`)).toBe(read('deploy/prometheus/alerts.yml'));
  });
});

test('the image, the documents and package.json agree on Node.js', () => {
  const { engines, version } = JSON.parse(read('package.json')) as { engines: { node: string }; version: string };
  const [oldest = '', newest = ''] = engines.node.split(' || ');
  expect([oldest, newest]).toEqual([expect.stringMatching(/^\^20\.\d+\.0$/), expect.stringMatching(`^\\^${NODE}\\.`)]);
  const [major, minor] = oldest.slice(1).split('.');
  for (const page of ['README.md', 'docs/guides/getting-started.md', 'CONTRIBUTING.md']) {
    const sentence = `Node.js ${NODE}, or ${major}.${minor} and newer of the line ${major}`;
    expect(read(page).replace(/\s+/g, ' '), page).toContain(sentence);
  }
  expect(read('CHANGELOG.md')).toMatch(`\n## [${version}] - `);
  expect(read('SECURITY.md')).toMatch(`\n| ${version.replace(/\d+$/, 'x')} | yes |`);
});

test('a worker has the time to settle what it has claimed', () => {
  const { shutdownGrace, drain } = PROTOCOL_TIMES;
  const grace = Number.parseInt(compose.services['worker']?.stop_grace_period ?? '', 10) * 1_000;
  expect(grace).toBeGreaterThan(shutdownGrace + drain);
});

test('MongoDB is the replica set that the URL names, initiated under its own address', () => {
  const { entrypoint, healthcheck } = compose.services['mongodb'] as Service & { entrypoint: readonly string[] };
  const url = new URL(ours[0]?.[1].environment?.['MONGODB_URL']?.replace(/\$\{.*?\}/g, 'x') ?? '');
  const set = url.searchParams.get('replicaSet');
  expect(entrypoint.join(' ')).toContain(`--replSet ${set} `);
  expect(healthcheck?.test.join(' ')).toContain(`_id: '${set}', members: [{ _id: 0, host: '${url.host}' }]`);
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  const copies = lines.filter((line) => line.startsWith('COPY ')).map((line) => line.split(/\s+/).slice(1, -1));

  test('copies what is there, or what the build makes', () => {
    const sources = copies.flat().map((source) => source.replace(/^\/app\//, ''));
    const made = ['dist', 'node_modules', 'sbom.cdx.json', '--from=build', '.'];
    expect(sources.filter((source) => !made.includes(source) && !exists(source))).toEqual([]);
    const prune = lines.indexOf('RUN npm run build && npm prune --omit=dev --no-audit --no-fund');
    // npm refuses a bill of materials while packages for development are missing.
    expect(prune).toBeGreaterThan(lines.indexOf('RUN npm run --silent sbom > sbom.cdx.json'));
    expect(lines).toContain('RUN npm run --silent sbom > sbom.cdx.json');
    expect(JSON.parse(read('package.json')).scripts.build).toBeDefined();
  });

  test('runs a known role as an unprivileged user, on the Node.js of .nvmrc', () => {
    const images = lines.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]);
    expect(new Set(images)).toEqual(new Set([`node:${NODE}-slim`]));
    expect(lines.indexOf('USER node')).toBeGreaterThan(0);
    const [, role = ''] = /^CMD \["(\w+)"\]$/m.exec(read('Dockerfile')) ?? [];
    expect(commands).toContain(role);
    expect(read('Dockerfile')).toMatch(/^HEALTHCHECK .*"health", "api"\]$/m);
  });

  test('the build is given every source it compiles, and nothing of the machine', () => {
    const allowed =
      read('.dockerignore')
        .match(/^!.+$/gm)
        ?.map((line) => line.slice(1)) ?? [];
    expect(allowed.filter((path) => !exists(path))).toEqual([]);
    const floors = readdirSync(packageRoot(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .filter((name) => !['node_modules', 'dist', 'deploy', 'docs', 'test', 'client', 'coverage'].includes(name));
    expect(floors.filter((floor) => !allowed.includes(floor))).toEqual([]);
  });
});
