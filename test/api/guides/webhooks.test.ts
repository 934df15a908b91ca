import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { guideBlocks } from '../../support/api/guide.js';
import { type HookReceiver, hookReceiver } from '../../support/scripted/hook-receiver.js';

/** A delivery as an integrator's server has it. */
interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly secrets: readonly string[];
  /** Seconds since 1970. */
  readonly now: number;
}

interface Language {
  readonly command: string;
  readonly file: string;
  /** Added to the program of the guide: verifies the deliveries of standard input and prints a list of booleans. */
  readonly main: string;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  js: {
    command: process.execPath,
    file: 'verify.mjs',
    main: `import { readFileSync } from 'node:fs';
      const all = JSON.parse(readFileSync(0, 'utf8'));
      console.log(JSON.stringify(all.map((one) => isFromEverpost(one.headers, one.body, one.secrets, one.now))));`,
  },
  python: {
    command: 'python3',
    file: 'verify.py',
    main: [
      'import json, sys',
      'def verify(one): return is_from_everpost(one["headers"], one["body"].encode(), one["secrets"], one["now"])',
      'print(json.dumps([verify(one) for one in json.load(sys.stdin)]))',
    ].join('\n'),
  },
  php: {
    command: 'php',
    file: 'verify.php',
    main: `$verify = fn ($one) => isFromEverpost($one['headers'], $one['body'], $one['secrets'], $one['now']);
      echo json_encode(array_map($verify, json_decode(file_get_contents('php://stdin'), true)));`,
  },
};

const blocks = guideBlocks('webhooks.md');
const textOf = (language: string) => blocks.find((block) => block.language === language)?.text ?? '';
const installed = Object.keys(LANGUAGES).filter((name) => {
  return spawnSync(LANGUAGES[name]?.command ?? '', ['--version']).status === 0;
});

let api: TestApi;
let receiver: HookReceiver;
let cases: readonly (readonly [what: string, received: Received, isGenuine: boolean])[];
const folder = mkdtempSync(join(tmpdir(), 'everpost-verify-'));
beforeAll(async () => {
  api = await anApi({ ALLOWED_PRIVATE_HOSTS: '127.0.0.1' });
  receiver = await hookReceiver();
  cases = await deliveries();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await receiver.close();
  await api.close();
});

/** Two deliveries of Everpost, before and after its secret was rotated, and falsified copies of the second. */
async function deliveries() {
  const post = async (path: string, payload: object) =>
    (await api.call(`POST /api/v1/webhooks${path}`, { payload })).json().data;
  const { id, secret: old } = await post('', { url: receiver.url });
  await post(`/${id}/test`, { type: 'subscriber.created' });
  const { secret: next } = await post(`/${id}/rotate`, {});
  await post(`/${id}/test`, { type: 'subscriber.created' });
  const [first, second] = receiver.hooks.map(({ headers, body }) => {
    const own = Object.entries(headers).filter(([name]) => name.startsWith('webhook-'));
    return { headers: Object.fromEntries(own) as Record<string, string>, body };
  });
  if (first === undefined || second === undefined) throw new Error('no delivery arrived');
  const now = Number(second.headers['webhook-timestamp']);
  const genuine = { ...second, secrets: [old, next], now };
  const changed = (header: string, value: string) => ({
    ...genuine,
    headers: { ...second.headers, [`webhook-${header}`]: value },
  });
  const [signature = ''] = (second.headers['webhook-signature'] ?? '').split(' ');
  return [
    ['one signature', { ...first, secrets: [old], now }, true],
    ['two signatures, both secrets', genuine, true],
    ['two signatures, the old secret', { ...genuine, secrets: [old] }, true],
    ['two signatures, the new secret', { ...genuine, secrets: [next] }, true],
    ['a secret without its prefix', { ...genuine, secrets: [next.slice('whsec_'.length)] }, true],
    ['the oldest time', { ...genuine, now: now + 300 }, true],
    ['the newest time', { ...genuine, now: now - 300 }, true],
    ['too old', { ...genuine, now: now + 301 }, false],
    ['from the future', { ...genuine, now: now - 301 }, false],
    ['another secret', { ...genuine, secrets: [`whsec_${Buffer.alloc(32).toString('base64')}`] }, false],
    ['no secret', { ...genuine, secrets: [] }, false],
    ['another body', { ...genuine, body: second.body.replace('Alice', 'Malice') }, false],
    ['another id', changed('id', 'evt_000000000000000000000000'), false],
    ['another time', changed('timestamp', String(now + 1)), false],
    ['a time that is no number', changed('timestamp', `${now} `), false],
    ['a signature of another version', changed('signature', signature.replace('v1,', 'v2,')), false],
    ['half a signature', changed('signature', signature.slice(0, 20)), false],
    ['no headers', { ...genuine, headers: {} }, false],
  ] as const;
}

test('the guide has a program in each language', () => {
  expect(blocks.map(({ language }) => language)).toEqual(Object.keys(LANGUAGES));
  expect(installed).toEqual(expect.arrayContaining(['js', 'python']));
});

test.each(installed)('the %s program accepts deliveries of Everpost and refuses others', (name) => {
  const { command = '', file = '', main = '' } = LANGUAGES[name] ?? {};
  writeFileSync(join(folder, file), `${textOf(name)}\n${main}\n`);
  const input = JSON.stringify(cases.map(([, received]) => received));
  const found: boolean[] = JSON.parse(execFileSync(command, [join(folder, file)], { input }).toString());
  expect(found.map((isGenuine, i) => [cases[i]?.[0], isGenuine])).toEqual(
    cases.map(([what, , isGenuine]) => [what, isGenuine]),
  );
});

/** Where a language is not installed, its program is compared with those that ran. */
test.each(Object.keys(LANGUAGES))(
  'the %s program has the constants of the others and compares in constant time',
  (name) => {
    const text = textOf(name);
    expect(/TOLERANCE = (\d+)/.exec(text)?.[1]).toBe('300');
    for (const constant of [
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'whsec_',
      'v1,',
      'sha256',
      '[0-9]{1,12}',
    ])
      expect(text).toContain(constant);
    expect(text).toMatch(
      /timingSafeEqual\(given, expected\)|compare_digest\(given\.encode\(\), expected\)|hash_equals\("v1,\$mac", \$given\)/,
    );
  },
);
