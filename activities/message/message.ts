import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { within } from '../../domain/within.js';
import { withHeartbeat } from '../heartbeat.js';
import { type MessageAttemptDeps, messageAttempts } from './attempt.js';
import {
  type AcceptanceDeps,
  acceptancePublisher,
  heldPublisher,
  type MessagePublishingDeps,
  messagePublisher,
  publishAccepted,
} from './publishing.js';
import { sendWindows } from './send-window.js';
import type { MessageStatus } from './status.js';

export interface MessageDeliveryDeps
  extends Omit<MessageAttemptDeps, 'publish' | 'publishAccepted' | 'publishHeld' | 'trackAttempt' | 'windows'>,
    Omit<MessagePublishingDeps, 'messageProgress'> {
  readonly messages: MessageAttemptDeps['messages'] & MessagePublishingDeps['messages'] & AcceptanceDeps['messages'];
  readonly heartbeat: () => void;
}

/** Ids only: content and addresses stay in the row. */
export interface DeliverMessageInput {
  readonly account: number;
  readonly message: string;
}

type Attempt = () => Promise<MessageStatus>;

/** Joins the open attempt of a message in this process, or begins one once it is admitted. */
export type JoinMessage = (
  input: DeliverMessageInput,
  admitted?: (attempt: Attempt) => Promise<MessageStatus>,
) => Promise<MessageStatus>;

/** `under_way`: the attempt continues in this process; the next call joins it. */
export type FirstMessageStatus = MessageStatus | { readonly kind: 'under_way' };

/**
 * A workflow task waits at most this long for a first attempt; an SMTP server may take ten minutes (RFC 5321 §4.5.3.2.6).
 * Far below the 10 s after which Temporal gives the task to another worker: see decision 19.
 */
export const FIRST_ATTEMPT_MS = 3_000;

/** A third of the heartbeat timeout in `messageSteps`: hundreds of messages may wait for a connection at once. */
export const HEARTBEAT_MS = 2_500;

/**
 * The steps of a message. An attempt outlives the activity that began it: it holds, renews and settles its claim, and
 * later calls for the same message in this process join it. So no timeout of Temporal makes a message uncertain.
 */
export function messageActivities(deps: MessageDeliveryDeps) {
  const windows = sendWindows();
  const attempts = messageAttempts({
    ...deps,
    publish: messagePublisher({ ...deps, messageProgress: deps.messageProgress }),
    publishAccepted: publishAccepted(deps),
    publishHeld: heldPublisher(deps),
    trackAttempt: acceptancePublisher(deps),
    windows,
  });
  const open = new Map<string, Promise<MessageStatus>>();

  const join: JoinMessage = ({ account, message }, admitted = (attempt) => attempt()) => {
    const running = open.get(message) ?? admitted(() => attempts(account, message)).finally(() => open.delete(message));
    open.set(message, running);
    return running;
  };

  return {
    join,
    activities: {
      /** The first attempt, within a workflow task: returns after FIRST_ATTEMPT_MS, whatever the mail server does. */
      beginMessage: async (input: DeliverMessageInput): Promise<FirstMessageStatus> => firstStatus(join(input)),

      /** Processes a message that is due. If another process owns it, the retry comes when that may have changed. */
      deliverMessage: async (input: DeliverMessageInput): Promise<MessageStatus> => {
        const status = await withHeartbeat(deps, HEARTBEAT_MS, () => join(input));
        if (status.kind === 'busy') throw busy(status.wait);
        return status;
      },
    },

    untilNotBusy: windows.untilNotBusy,

    /** Resolves when no attempt is open in this process. */
    ended: async (): Promise<void> => {
      while (open.size > 0) await Promise.allSettled(open.values());
    },
  };
}

export type MessageActivities = ReturnType<typeof messageActivities>['activities'];

/** If the attempt fails, its failure reaches the next call that joins it; without one, the sweep finds the message. */
function firstStatus(running: Promise<MessageStatus>): Promise<FirstMessageStatus> {
  running.catch(() => undefined);
  return within(FIRST_ATTEMPT_MS, running, { kind: 'under_way' } as const);
}

export function busy(wait: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'message_busy',
    message: 'Another attempt has this message',
    nextRetryDelay: wait,
    category: ApplicationFailureCategory.BENIGN,
  });
}
