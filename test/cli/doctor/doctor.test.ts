import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { expect, inject, test, vi } from 'vitest';
import { doctor, examine } from '../../../cli/doctor/doctor.js';
import { checkNode, checkPorts } from '../../../cli/doctor/machine.js';
import { checkPublicUrl, checkSecret, checkSmtp } from '../../../cli/doctor/mail.js';
import { checkSkew } from '../../../cli/doctor/servers.js';
import { readConfig } from '../../../config.js';
import { portOf } from '../../support/servers/port-of.js';

const config = { ...readConfig({}), port: 0 };
const remote = 'smtp://user:secret@mail.example.test:587';

test.each([
  ['18.19.0', 'fault'],
  ['20.18.3', 'fault'],
  ['20.19.0', 'ok'],
  ['24.1.0', 'ok'],
])('Node.js %s: %s', (version, state) => {
  expect(checkNode(version).state).toBe(state);
});

test.each([
  [150, 'ok'],
  [-4000, 'warning'],
  [120_000, 'fault'],
])('a clock %i ms off: %s', (skew, state) => {
  expect(checkSkew(skew).state).toBe(state);
});

test.each([
  ['https://news.example.test', remote, 'ok'],
  ['http://news.example.test', remote, 'fault'],
  ['http://127.0.0.1:3000', remote, 'fault'],
  ['http://127.0.0.1:3000', undefined, 'ok'],
  ['http://127.0.0.1:3000', 'smtp://127.0.0.1:1025', 'ok'],
])('PUBLIC_URL %s with SMTP_URL %s: %s', (publicUrl, smtpUrl, state) => {
  expect(checkPublicUrl({ publicUrl, smtpUrl }).state).toBe(state);
});

test('a shared MongoDB needs EVERPOST_SECRET, an embedded one does not', () => {
  expect(checkSecret({ secret: undefined, mongodbUrl: 'mongodb://db' }).state).toBe('fault');
  expect(checkSecret({ secret: undefined, mongodbUrl: undefined }).state).toBe('ok');
});

test('an SMTP server that offers STARTTLS with an untrusted certificate is a fault', async () => {
  const server = new SMTPServer({ disabledCommands: ['AUTH'] });
  const port = await portOf(server.listen(0, '127.0.0.1'));
  const finding = await checkSmtp(`smtp://127.0.0.1:${port}`);
  server.close();
  expect(finding).toMatchObject({ state: 'fault', says: expect.stringContaining('certificate') });
});

test('an SMTP server without TLS is fine on this machine, a closed port is a fault', async () => {
  const server = new SMTPServer({ disabledCommands: ['AUTH', 'STARTTLS'] });
  const port = await portOf(server.listen(0, '127.0.0.1'));
  expect((await checkSmtp(`smtp://127.0.0.1:${port}`)).state).toBe('ok');
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(await checkSmtp(`smtp://127.0.0.1:${port}`)).toMatchObject({
    state: 'fault',
    says: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a busy API port is a fault, a busy port of an embedded server is not', async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  const port = await portOf(busy);
  const findings = await checkPorts({ ...config, port, inboxPort: port });
  busy.close();
  expect(findings.filter(({ state }) => state === 'fault').map(({ subject }) => subject)).toEqual([
    `Port ${port} (API)`,
  ]);
  expect(findings).toContainEqual(expect.objectContaining({ state: 'note', subject: `Port ${port} (inbox)` }));
});

test('the port of an Everpost that runs is no fault', async () => {
  const document = JSON.stringify({ info: { title: 'Everpost' } });
  const everpost = createHttpServer((_request, response) => response.end(document)).listen(0, '127.0.0.1');
  const port = await portOf(everpost);
  expect(await checkPorts({ ...config, port }, true)).toEqual([
    { state: 'ok', subject: `Port ${port} (API)`, says: 'used by Everpost, which runs' },
  ]);
  everpost.close();
  everpost.closeAllConnections();
});

test('with real servers at their addresses nothing is a fault; without them it says so and ends with 1', async () => {
  const lines = vi.spyOn(console, 'log').mockImplementation(() => {});
  const secret = 'a secret of some length';
  const reached = { ...config, secret, mongodbUrl: inject('mongodbUrl'), temporalAddress: inject('temporalAddress') };
  const all = await examine(reached);
  expect(all.filter(({ state }) => state === 'fault')).toEqual([]);
  const clocks = all.filter(({ subject }) => subject === 'Clock').map(({ says }) => says.split(' ').at(-1));
  expect(clocks).toEqual(["MongoDB's", "Temporal's"]);
  const unreached = { ...reached, mongodbUrl: 'mongodb://127.0.0.1:1/', temporalAddress: '127.0.0.1:1' };
  expect(await doctor(unreached, { json: true })).toBe(1);
  const { needs_person, findings } = JSON.parse(lines.mock.lastCall?.[0]);
  expect(needs_person).toBe(true);
  const faults = findings.filter((one: { state: string }) => one.state === 'fault');
  expect(faults).toEqual([
    expect.objectContaining({ subject: 'MongoDB', since: null, next_step: expect.any(String) }),
    expect.objectContaining({ subject: 'Temporal' }),
  ]);
  lines.mockRestore();
});

test('a check that does not end is a finding itself', async () => {
  const accepts = createServer().listen(0, '127.0.0.1');
  const silent = `127.0.0.1:${await portOf(accepts)}`;
  const secret = 'a secret of some length';
  const frozen = { ...config, secret, mongodbUrl: `mongodb://${silent}/`, temporalAddress: silent };
  const late = (await examine(frozen, 100)).filter(({ says }) => says === 'not checked within 100 ms');
  expect(late.map(({ subject }) => subject)).toEqual(expect.arrayContaining(['MongoDB', 'Temporal', 'Work']));
  accepts.close();
});
