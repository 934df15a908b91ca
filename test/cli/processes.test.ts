import { afterEach, expect, test } from 'vitest';
import { openLog } from '../../api/log.js';
import { api } from '../../cli/api.js';
import { joinProcesses, type Membership } from '../../cli/processes.js';
import { ConfigurationError, readConfig } from '../../config.js';
import { processes } from '../../store/processes/processes.js';
import { commandLine } from '../support/everpost/command-line.js';

const SECRET = 'a secret for the tests';
const cli = commandLine({ EVERPOST_SECRET: SECRET });
const [OLD, NEW] = ['https://old.example', 'https://new.example'];

const joined: Membership[] = [];
afterEach(async () => {
  for (const one of joined.splice(0)) await one.leave();
  await cli.store.db.collection('processes').deleteMany({});
});

type Line = Readonly<Record<string, unknown>>;

/** A process with this environment, in the database of this file, and what it logs. */
async function aProcess(environment: Readonly<Record<string, string>>) {
  const lines: Line[] = [];
  const log = openLog({ logLevel: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  const config = readConfig({ EVERPOST_SECRET: SECRET, ...environment });
  const membership = await joinProcesses(config, cli.store, 'worker', log);
  joined.push(membership);
  const logged = () => lines.splice(0).map(({ level, variable, here, there }) => [level, variable, here, there]);
  return { ...membership, lines, logged };
}

const [INFO, WARN] = [30, 40];

test('a process with another EVERPOST_SECRET is refused with advice, and is not recorded', async () => {
  await aProcess({});
  const refused = aProcess({ EVERPOST_SECRET: 'another secret of mine' });
  await expect(refused).rejects.toThrow(ConfigurationError);
  await expect(refused).rejects.toThrow(/EVERPOST_SECRET is not the one of the database \S+: set EVERPOST_SECRET to/);
  await expect(refused).rejects.not.toThrow(/another secret of mine/);
  expect(await processes(cli.store).running()).toHaveLength(1);
});

test('of two processes with different secrets at the first start, one starts', async () => {
  await cli.store.db.collection('secrets').deleteMany({});
  const secrets = Array.from({ length: 8 }, (_, n) => `secret number ${n} of some length`);
  const starts = await Promise.allSettled(secrets.map((EVERPOST_SECRET) => aProcess({ EVERPOST_SECRET })));
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await cli.store.db.collection('secrets').deleteMany({});
});

test('everpost api ends before it listens if its secret is another one', async () => {
  await aProcess({});
  const config = { ...cli.config, temporalAddress: '127.0.0.1:9', secret: 'another secret of mine' };
  await expect(api(config, openLog({ logLevel: 'silent' }))).rejects.toThrow('EVERPOST_SECRET');
});

test('of any two processes with different values that start at once, at least one warns of the other', async () => {
  await aProcess({});
  const urls = Array.from({ length: 8 }, (_, n) => `https://host-${n}.example`);
  const started = await Promise.all(urls.map((PUBLIC_URL) => aProcess({ PUBLIC_URL })));
  const warned = new Set(started.flatMap(({ logged }) => logged().map(([, , here, there]) => `${here} ${there}`)));
  const pairs = urls.flatMap((one, n) => urls.slice(n + 1).map((other) => [one, other]));
  expect(pairs.filter(([one, other]) => !warned.has(`${one} ${other}`) && !warned.has(`${other} ${one}`))).toEqual([]);
});

test('a changed value warns from the first process that has it until the last one has it', async () => {
  const [first, second] = [await aProcess({ PUBLIC_URL: OLD }), await aProcess({ PUBLIC_URL: OLD })];
  expect([first.logged(), second.logged()]).toEqual([[], []]);
  await first.leave();
  const restarted = await aProcess({ PUBLIC_URL: NEW });
  expect(restarted.lines).toMatchObject([{ processes: [expect.stringMatching(/^worker \d+ on ./)] }]);
  expect(restarted.logged()).toEqual([[WARN, 'PUBLIC_URL', NEW, OLD]]);
  await second.compare();
  expect(second.logged()).toEqual([[WARN, 'PUBLIC_URL', OLD, NEW]]);
  await second.leave();
  const last = await aProcess({ PUBLIC_URL: NEW });
  await restarted.compare();
  expect([restarted.logged(), last.logged()]).toEqual([[], []]);
});

test('a value that was changed while no process ran is logged once, without a warning', async () => {
  await (await aProcess({ BOUNCE_DOMAIN: 'bounce.example.org' })).leave();
  const process = await aProcess({});
  const changed = { level: INFO, variable: 'BOUNCE_DOMAIN', value: 'not set', before: 'bounce.example.org' };
  expect(process.lines.splice(0)).toMatchObject([changed]);
  await process.compare();
  expect(process.logged()).toEqual([]);
});

test('neither keys nor addresses are logged or stored with the settings', async () => {
  await aProcess({ MAIL_FROM: 'News <news@one.example>', OPENAI_API_KEY: 'sk-secret-key' });
  const { lines } = await aProcess({ MAIL_FROM: 'News <news@two.example>' });
  expect(lines.map(({ variable }) => variable)).toEqual(['MAIL_FROM', 'OPENAI_API_KEY']);
  const stored = JSON.stringify(await cli.store.db.collection('processes').find().toArray());
  expect(stored).toContain('news@one.example');
  for (const secret of ['sk-secret-key', SECRET]) expect(stored + JSON.stringify(lines)).not.toContain(secret);
  expect(JSON.stringify(lines)).not.toContain('@');
});
