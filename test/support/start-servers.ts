import type { TestProject } from 'vitest/node';
import { readConfig } from '../../config.js';

/** Vitest's global setup: one MongoDB and one Temporal for the whole run, or the ones the environment names. */
export async function setup(project: TestProject): Promise<void> {
  const { mongodbUrl, temporalAddress } = readConfig();
  if (mongodbUrl === undefined || temporalAddress === undefined) {
    throw new Error('Floor and flow tests need MONGODB_URL and TEMPORAL_ADDRESS');
  }
  project.provide('mongodbUrl', mongodbUrl);
  project.provide('temporalAddress', temporalAddress);
}
