import type { Installation } from '../installation/installation.js';
import type { Judge } from '../receiver/judge.js';
import type { Caller } from '../run/caller.js';

/** What a fault acts on. */
export interface Scene {
  readonly installation: Installation;
  readonly judge: Judge;
  readonly call: Caller;
  readonly campaign: number;
}
