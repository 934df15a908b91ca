import { readFileSync } from 'node:fs';
import { type ClientConfigProfile, loadClientConfigProfile } from '@temporalio/envconfig';
import type { Reader } from './reader.js';

/** How a connection to Temporal is protected, as Temporal's own variables and configuration file say. Files are not read yet. */
export interface TemporalAccess {
  readonly apiKey?: string | undefined;
  readonly tls?: ClientConfigProfile['tls'] | undefined;
  /** Headers of each request, from the configuration file. */
  readonly grpcMeta?: ClientConfigProfile['grpcMeta'] | undefined;
  /** The profile of the configuration file. */
  readonly profile?: string | undefined;
}

/** https://docs.temporal.io/develop/environment-configuration */
const NAMES = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_PROFILE',
] as const;

/**
 * Reads Temporal's variables. Its configuration file is only read where TEMPORAL_CONFIG_FILE names it: a file that is there for
 * other programs must not connect a demo to their Temporal.
 */
export function temporalSettings({ text }: Reader, faults: string[]) {
  const given: Record<string, string> = {};
  for (const name of NAMES) {
    const value = text(name);
    if (value !== undefined) given[name] = value;
  }
  const { address, namespace, apiKey, tls, grpcMeta } = profileOf(given, faults);
  const temporalAccess: TemporalAccess = { apiKey, tls, grpcMeta, profile: given['TEMPORAL_PROFILE'] };
  return { temporalAddress: address, temporalNamespace: namespace ?? 'default', temporalAccess };
}

function profileOf(given: Record<string, string>, faults: string[]): ClientConfigProfile {
  const { TEMPORAL_CONFIG_FILE: file, ...variables } = given;
  try {
    // Read here: of a file that is not there the library says nothing.
    const source = file === undefined ? { disableFile: true } : { configSource: { data: readFileSync(file) } };
    return loadClientConfigProfile({ ...source, overrideEnvVars: variables, configFileStrict: true });
  } catch (failure) {
    faults.push(`the settings of Temporal cannot be read: ${failure instanceof Error ? failure.message : failure}`);
    return {};
  }
}
