import type { Variable } from './variable.js';

const field = 'temporalAccess';

/** Temporal's own variables for protected connections. */
export const TEMPORAL_VARIABLES: readonly Variable[] = [
  {
    name: 'TEMPORAL_API_KEY',
    meaning: 'API key for Temporal, as on Temporal Cloud; turns TLS on',
    otherwise: 'none',
    example: 'eyJhbGciOiJFUzI1NiJ9',
    field,
  },
  {
    name: 'TEMPORAL_TLS',
    meaning: '`true`: TLS with the certificates of the system; `false`: no TLS, whatever else is set',
    otherwise: 'TLS where a key or a certificate is set',
    example: 'true',
    field,
  },
  {
    name: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    meaning: 'file with the client certificate for mTLS, in PEM',
    otherwise: 'none',
    example: '/etc/everpost/temporal.pem',
    field,
  },
  {
    name: 'TEMPORAL_TLS_CLIENT_CERT_DATA',
    meaning: 'the client certificate itself, instead of a file',
    otherwise: 'none',
    example: '-----BEGIN CERTIFICATE-----…',
    field,
  },
  {
    name: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
    meaning: 'file with its private key, in PEM',
    otherwise: 'none',
    example: '/etc/everpost/temporal.key',
    field,
  },
  {
    name: 'TEMPORAL_TLS_CLIENT_KEY_DATA',
    meaning: 'the private key itself, instead of a file',
    otherwise: 'none',
    example: '-----BEGIN PRIVATE KEY-----…',
    field,
  },
  {
    name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    meaning: 'file with the certificates of the authority that signed the certificate of Temporal',
    otherwise: 'the authorities of the system',
    example: '/etc/everpost/temporal-ca.pem',
    field,
  },
  {
    name: 'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
    meaning: 'these certificates themselves, instead of a file',
    otherwise: 'the authorities of the system',
    example: '-----BEGIN CERTIFICATE-----…',
    field,
  },
  {
    name: 'TEMPORAL_TLS_SERVER_NAME',
    meaning: 'the name that the certificate of Temporal must have, where it is not that of the address',
    otherwise: 'the host of the address',
    example: 'temporal.internal',
    field,
  },
  {
    name: 'TEMPORAL_CONFIG_FILE',
    meaning: "Temporal's configuration file in TOML; variables override it",
    otherwise: 'none: no file is read',
    example: 'deploy/temporal.toml',
    field,
  },
  {
    name: 'TEMPORAL_PROFILE',
    meaning: 'the profile of that file',
    otherwise: '`default`',
    example: 'production',
    field,
  },
];
