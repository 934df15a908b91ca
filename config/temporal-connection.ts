import { readFileSync } from 'node:fs';
import { type ConfigDataSource, toClientOptions } from '@temporalio/envconfig';
import { ConfigurationError } from '../config.js';
import type { TemporalAccess } from './temporal.js';

type Options = ReturnType<typeof toClientOptions>['connectionOptions'];

/** Options of a connection to Temporal beside its address: for clients and workers alike. */
export type TemporalConnection = { readonly [Name in 'apiKey' | 'tls' | 'metadata']?: NonNullable<Options[Name]> };

/** Reads the certificates and keys; throws a ConfigurationError that names the variable of what is missing. */
export function temporalConnection({ apiKey, tls, grpcMeta }: TemporalAccess): TemporalConnection {
  const faults = tls === undefined || tls.disabled === true ? [] : tlsFaults(tls);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const { connectionOptions } = toClientOptions({
    ...(apiKey !== undefined && { apiKey }),
    ...(tls !== undefined && { tls }),
    ...(grpcMeta !== undefined && { grpcMeta }),
  });
  const { tls: protection, metadata } = connectionOptions;
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(protection != null && { tls: protection }),
    ...(metadata !== undefined && { metadata }),
  };
}

function tlsFaults({ clientCert, clientKey, serverCACert }: NonNullable<TemporalAccess['tls']>): string[] {
  const missing = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (or _DATA) must be set together';
  return [
    ...((clientCert === undefined) === (clientKey === undefined) ? [] : [missing]),
    ...unreadable('TEMPORAL_TLS_CLIENT_CERT_PATH', clientCert),
    ...unreadable('TEMPORAL_TLS_CLIENT_KEY_PATH', clientKey),
    ...unreadable('TEMPORAL_TLS_SERVER_CA_CERT_PATH', serverCACert),
  ];
}

function unreadable(variable: string, source: ConfigDataSource | undefined): string[] {
  if (source === undefined || !('path' in source)) return [];
  try {
    readFileSync(source.path);
    return [];
  } catch (failure) {
    return [`${variable} cannot be read: ${failure instanceof Error ? failure.message : failure}`];
  }
}
