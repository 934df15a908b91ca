import type { Suspension } from '../store/suspension.js';
import type { Engine } from './engine.js';

export interface SuspensionSweepDeps {
  readonly suspension: Suspension;
  readonly engine: Pick<Engine, 'wakeCampaign'>;
}

/** Accounts say whether they may send; campaigns that a crash left behind that are stopped, or go on, here. */
export async function sweepSuspensions({ suspension, engine }: SuspensionSweepDeps): Promise<void> {
  for (const account of await suspension.suspended()) {
    for (const row of await suspension.pauseCampaigns(account)) await engine.wakeCampaign(row);
  }
  for (const account of await suspension.waiting()) {
    for (const row of await suspension.resumeCampaigns(account)) await engine.wakeCampaign(row);
  }
}
