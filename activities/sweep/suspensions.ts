import type { Suspension } from '../../store/accounts/suspension.js';
import type { Engine } from '../engine.js';

export interface SuspensionSweepDeps {
  readonly suspension: Suspension;
  readonly engine: Pick<Engine, 'notifyCampaign'>;
}

/** Pauses the campaigns of suspended accounts and resumes those of reinstated ones, where a crash left it undone. */
export async function sweepSuspensions({ suspension, engine }: SuspensionSweepDeps): Promise<void> {
  for (const account of await suspension.suspended()) {
    for (const row of await suspension.pauseCampaigns(account)) await engine.notifyCampaign(row);
  }
  for (const account of await suspension.resumable()) {
    for (const row of await suspension.resumeCampaigns(account)) await engine.notifyCampaign(row);
  }
}
