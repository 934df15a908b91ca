import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lazyClient } from '../../api/engine/lazy-client.js';
import { checkTemporal } from '../../cli/doctor/servers.js';
import { temporalConnection } from '../../config/temporal-connection.js';
import { readConfig } from '../../config.js';
import { testTemporal } from '../support/servers/test-servers.js';

const fileOf = (name: string) => fileURLToPath(new URL(`../support/files/tls/${name}`, import.meta.url));
const SERVER = { cert: readFileSync(fileOf('server.pem')), key: readFileSync(fileOf('server.key')) };
const TRUSTED = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: fileOf('ca.pem') };
const clientOf = (name: string) => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: fileOf(`${name}.pem`),
  TEMPORAL_TLS_CLIENT_KEY_PATH: fileOf(`${name}.key`),
});
const accessOf = (environment: Record<string, string>) => temporalConnection(readConfig(environment).temporalAccess);

const namespaceOf = async (address: string, environment: Record<string, string>) => {
  const { client, close } = lazyClient(address, 'default', accessOf(environment));
  try {
    const { connection } = client();
    const found = await connection.withDeadline(Date.now() + 1_500, () =>
      connection.workflowService.describeNamespace({ namespace: 'default' }),
    );
    return found.namespaceInfo?.name;
  } finally {
    await close();
  }
};

describe('a Temporal behind TLS that requires client certificates', () => {
  const ca = readFileSync(fileOf('ca.pem'));
  const options = { ...SERVER, ca, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
  const proxy = createServer(options, (outside) => {
    const [host = '', port] = testTemporal().address.split(':');
    const inside = connect(Number(port), host);
    for (const socket of [outside, inside]) socket.on('error', () => [outside, inside].map((one) => one.destroy()));
    outside.pipe(inside).pipe(outside);
  });
  proxy.on('tlsClientError', () => undefined);
  let address = '';
  beforeAll(async () => {
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => void proxy.close());

  test('APIs and workers connect with the certificate that the variables name', async () => {
    const environment = { ...TRUSTED, ...clientOf('client') };
    expect(await namespaceOf(address, environment)).toBe('default');
    const worker = await NativeConnection.connect({ address, ...accessOf(environment) });
    await worker.close();
  });

  test('the certificates can be given as text, and a name instead of that of the address', async () => {
    const text = (name: string) => readFileSync(fileOf(name), 'utf8');
    const environment = {
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: text('ca.pem'),
      TEMPORAL_TLS_CLIENT_CERT_DATA: text('client.pem'),
      TEMPORAL_TLS_CLIENT_KEY_DATA: text('client.key'),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
    };
    expect(await namespaceOf(address, environment)).toBe('default');
  });

  test.each<[what: string, environment: Record<string, string>]>([
    ['no TLS', {}],
    ['no client certificate', TRUSTED],
    ['a certificate of another authority', { ...TRUSTED, ...clientOf('stranger') }],
    [
      'another authority for the server',
      { ...clientOf('client'), TEMPORAL_TLS_SERVER_CA_CERT_PATH: fileOf('other.pem') },
    ],
    ['another name for the server', { ...TRUSTED, ...clientOf('client'), TEMPORAL_TLS_SERVER_NAME: 'other.test' }],
  ])('with %s neither connects', async (_, environment) => {
    await expect(namespaceOf(address, environment)).rejects.toThrow();
    await expect(NativeConnection.connect({ address, ...accessOf(environment) })).rejects.toThrow();
  });

  test('the doctor uses the same settings', async () => {
    const settings = { TEMPORAL_ADDRESS: address, ...TRUSTED };
    const [reached] = await checkTemporal(readConfig({ ...settings, ...clientOf('client') }));
    expect(reached).toMatchObject({ state: 'ok', subject: 'Temporal' });
    const [refused] = await checkTemporal(readConfig({ ...settings, ...clientOf('stranger') }));
    expect(refused).toMatchObject({ state: 'fault', subject: 'Temporal' });
    const unreadable = { ...settings, TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' };
    const [named] = await checkTemporal(readConfig(unreadable));
    expect(named).toMatchObject({ says: expect.stringMatching(/^TEMPORAL_TLS_SERVER_CA_CERT_PATH cannot be read: /) });
  });
});

test('an API key is sent with each request, over TLS', async () => {
  const keys: unknown[] = [];
  const server = createSecureServer(SERVER, (request, response) => {
    keys.push(request.headers['authorization']);
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '16' }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = { ...TRUSTED, TEMPORAL_API_KEY: 'a-key-of-the-cloud' };
  await expect(namespaceOf(address, environment)).rejects.toThrow();
  await expect(NativeConnection.connect({ address, ...accessOf(environment) })).rejects.toThrow();
  server.close();
  expect(keys.length).toBeGreaterThan(1);
  expect(new Set(keys)).toEqual(new Set(['Bearer a-key-of-the-cloud']));
});
