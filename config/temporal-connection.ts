import { readFileSync } from 'node:fs';
import { type ConfigDataSource, toClientOptions } from '@temporalio/envconfig';
import { ConfigurationError } from '../config.js';
import type { TemporalAccess } from './temporal.js';

type Options = ReturnType<typeof toClientOptions>['connectionOptions'];

/** Options of a connection to Temporal beside its address: for clients and workers alike. */
export type TemporalConnection = { readonly [Name in 'apiKey' | 'tls' | 'metadata']?: NonNullable<Options[Name]> };

/** Reads the certificates and keys; throws a ConfigurationError that names the variable of what is missing. */
export function temporalConnection(access: TemporalAccess): TemporalConnection {
  const faults = temporalFaults(access);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const { apiKey, tls, grpcMeta } = access;
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

/** What prevents a connection with these settings, by variable. */
export function temporalFaults({ tls }: TemporalAccess): string[] {
  if (tls === undefined || tls.disabled === true) return [];
  const { clientCert, clientKey, serverCACert } = tls;
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
