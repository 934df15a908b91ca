import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { addressesFor } from '../cli/addresses.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { ConfigurationError, readConfig } from '../config.js';

const SAMPLE = fileURLToPath(new URL('../deploy/temporal.toml', import.meta.url));
const fileOf = (name: string) => fileURLToPath(new URL(`support/files/tls/${name}`, import.meta.url));
const accessOf = (environment: Record<string, string>) => temporalConnection(readConfig(environment).temporalAccess);

test('without settings the connection is a plain one; a key turns TLS on, and TEMPORAL_TLS turns it off', () => {
  expect(accessOf({})).toEqual({});
  expect(accessOf({ TEMPORAL_API_KEY: 'key' })).toEqual({ apiKey: 'key', tls: true });
  expect(accessOf({ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'false' })).toEqual({ apiKey: 'key', tls: false });
});

test('a profile of the configuration file is read, and variables override it', () => {
  const profile = { TEMPORAL_CONFIG_FILE: SAMPLE, TEMPORAL_PROFILE: 'production' };
  expect(readConfig(profile)).toMatchObject({
    temporalAddress: 'temporal.example.org:7233',
    temporalNamespace: 'everpost',
    temporalAccess: { tls: { serverCACert: { path: '/etc/everpost/temporal-ca.pem' } } },
  });
  const address = '10.0.0.1:7233';
  expect(readConfig({ ...profile, TEMPORAL_ADDRESS: address })).toMatchObject({ temporalAddress: address });
});

test.each<[environment: Record<string, string>, says: RegExp]>([
  [
    { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' },
    /settings of Temporal cannot be read: .*\/nowhere\/temporal\.toml/,
  ],
  [{ TEMPORAL_CONFIG_FILE: SAMPLE, TEMPORAL_PROFILE: 'staging' }, /'staging' not found/],
  [{ TEMPORAL_TLS_CLIENT_CERT_PATH: fileOf('client.pem') }, /CLIENT_KEY_PATH \(or _DATA\) must be set together/],
  [
    { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' },
    /^.*TEMPORAL_TLS_SERVER_CA_CERT_PATH cannot be read: .*ENOENT/m,
  ],
  [
    { TEMPORAL_TLS_CLIENT_CERT_PATH: fileOf('client.pem'), TEMPORAL_TLS_CLIENT_KEY_PATH: '/nowhere/key' },
    /TEMPORAL_TLS_CLIENT_KEY_PATH cannot be read/,
  ],
])('%j is refused by name', (environment, says) => {
  expect(() => accessOf(environment)).toThrow(ConfigurationError);
  expect(() => accessOf(environment)).toThrow(says);
  const servers = { MONGODB_URL: 'mongodb://db', TEMPORAL_ADDRESS: 'temporal:7233', EVERPOST_SECRET: 'x'.repeat(32) };
  expect(() => addressesFor(readConfig({ ...servers, ...environment }), 'api')).toThrow(says);
});
