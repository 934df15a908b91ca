import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { MessageStep } from '../../domain/message/step.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';
import type { Verdict } from '../../store/mongo/conditional-writes.js';
import { elapsedSince, type Instant, instant } from '../campaign/page/owner.js';

export interface MessageOwnerDeps {
  readonly messageProgress: MessageProgress;
  readonly times: ProtocolTimes;
}

/**
 * Claims the message and owns it until it is settled: renews the claim and says for how long it is trusted, counted from
 * the moment the last confirmed write was *sent*. Undefined if another process claimed it first.
 */
export async function ownMessage({ messageProgress, times }: MessageOwnerDeps, row: Message, token: string) {
  const claimedAt = instant();
  const within = (since: Instant) => () => elapsedSince(since) < times.startToClose;
  if ((await messageProgress.claim(row, token, within(claimedAt))) === 'lost') return undefined;
  let confirmed = claimedAt;
  let lost = false;
  let ended = false;
  let isRenewing = false;

  const renew = async (): Promise<void> => {
    if (isRenewing) return;
    isRenewing = true;
    const at = instant();
    // A renewal that fails does not stop the attempt: the trust expires by itself.
    const verdict = await messageProgress.renew(row, token, () => !ended).catch(() => undefined);
    isRenewing = false;
    lost ||= verdict === 'lost';
    if (verdict === 'done') confirmed = at;
  };
  const timer = setInterval(() => void renew(), times.renewEvery);
  const abandon = (): void => {
    ended = true;
    clearInterval(timer);
  };

  return {
    trusted: (): boolean => !lost && elapsedSince(confirmed) < times.trust,
    /** Ends ownership, whether the claim was still held or not. The sweep checks the row at `sweepAt`. */
    settle: (step: MessageStep, sweepAt: Date): Promise<Verdict> => {
      // A renewal that is under way changes nothing once the row is settled.
      abandon();
      return messageProgress.settle(row, token, step, within(instant()), sweepAt);
    },
    /** Ends ownership without a write: the lease expires. */
    abandon,
  };
}
