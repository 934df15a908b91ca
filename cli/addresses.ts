import { temporalFaults } from '../config/temporal-connection.js';
import { type Config, ConfigurationError } from '../config.js';
import { openStore, type Store } from '../store/mongo/connect.js';
import type { Installation } from './installation.js';

/** What a process needs to reach the servers. */
export type Addresses = Pick<Installation, 'mongodbUrl' | 'temporalAddress' | 'smtpUrl'>;

export function storeOf(config: Config, { mongodbUrl }: Pick<Addresses, 'mongodbUrl'>): Promise<Store> {
  return openStore({ url: mongodbUrl, database: config.mongodbDatabase });
}

/** The servers that the environment names; throws if a setting that the role needs is missing. */
export function addressesFor(config: Config, role: 'api' | 'worker') {
  const faults = [...missingSettings(config, role), ...temporalFaults(config.temporalAccess)];
  if (faults.length > 0) throw new ConfigurationError(faults);
  const { mongodbUrl = '', temporalAddress = '', smtpUrl = '' } = config;
  return { mongodbUrl, temporalAddress, smtpUrl };
}

/** Returns every setting that a role needs to run alone and that is missing. */
export function missingSettings(config: Config, role: 'api' | 'worker'): string[] {
  const needed = {
    MONGODB_URL: config.mongodbUrl,
    TEMPORAL_ADDRESS: config.temporalAddress,
    EVERPOST_SECRET: config.secret,
  };
  const all = role === 'worker' ? { ...needed, SMTP_URL: config.smtpUrl } : needed;
  const missing = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [`${name} must be set to run the ${role} alone`] : [],
  );
  const { metricsPort, metricsToken } = config.http;
  const unseen = role === 'worker' && metricsPort !== undefined && metricsToken === undefined;
  return unseen ? [...missing, 'METRICS_PORT needs METRICS_TOKEN'] : missing;
}
