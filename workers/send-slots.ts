import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker';
import type { Turns } from '../activities/campaign/turns.js';
import { monotonic } from '../clock.js';
import { type LaneShare, missingCampaigns } from '../domain/delivery/fair-turns.js';

export interface SendSlotSettings {
  readonly turns: Pick<Turns, 'present' | 'resting' | 'onChange'>;
  /** Turns at once. */
  readonly slots: number;
  /** Tasks at once, with those that wait for a turn or settle their last mails. */
  readonly most: number;
  /** The campaigns that send in any process. */
  readonly sending: () => Promise<readonly LaneShare[]>;
  /** Milliseconds between two reads of them, while all slots are taken. */
  readonly readEvery: number;
}

/** How long the task queue is searched for a campaign that is missing here, and how often: its lanes may be in another process. */
const SEARCH_FOR = 5_000;
const SEARCH_EVERY = 20_000;

interface Reservation {
  readonly grant: (permit: SlotPermit) => void;
}

/**
 * Decides when the process polls for tasks of the send queue: while it has free slots, and while a campaign has no lane
 * here. Otherwise the tasks stay in the queue for processes that have free slots.
 */
export function sendSlots(settings: SendSlotSettings): CustomSlotSupplier<ActivitySlotInfo> {
  const { turns, slots, most } = settings;
  const reservations = new Set<Reservation>();
  const polling = new Set<SlotPermit>();
  const working = new Set<SlotPermit>();
  const search = campaignSearch(settings);

  const hasFreeSlot = () => polling.size + working.size - turns.resting() < slots;
  const mayPoll = () => polling.size + working.size < most && (hasFreeSlot() || (polling.size === 0 && search.isOn()));
  const issue = (): SlotPermit => {
    const permit = {};
    polling.add(permit);
    return permit;
  };
  const grantAll = (): void => {
    for (const reservation of reservations) {
      if (!mayPoll()) break;
      reservations.delete(reservation);
      reservation.grant(issue());
    }
    search.setNeeded(reservations.size > 0 && working.size > 0);
  };
  search.onRead(grantAll);
  turns.onChange(grantAll);

  return {
    type: 'custom',
    reserveSlot: (_context, abortSignal) =>
      new Promise((grant, reject) => {
        const reservation = { grant };
        reservations.add(reservation);
        abortSignal.addEventListener('abort', () => {
          if (reservations.delete(reservation)) reject(abortSignal.reason);
          grantAll();
        });
        grantAll();
      }),
    // Tasks of the send queue come by polls alone.
    tryReserveSlot: () => null,
    markSlotUsed: ({ permit }) => {
      if (polling.delete(permit)) working.add(permit);
      grantAll();
    },
    releaseSlot: ({ permit }) => {
      polling.delete(permit);
      working.delete(permit);
      grantAll();
    },
  };
}

/** Finds out which of the campaigns that send anywhere are missing in this process. */
function campaignSearch({ turns, sending, readEvery }: SendSlotSettings) {
  /** By campaign, since when it is missing. */
  const missing = new Map<number, number>();
  let campaigns: readonly LaneShare[] = [];
  let timer: NodeJS.Timeout | undefined;
  let onRead: () => void = () => undefined;

  const compare = (): void => {
    const absent = new Set(missingCampaigns(campaigns, turns.present()));
    for (const campaign of missing.keys()) if (!absent.has(campaign)) missing.delete(campaign);
    for (const campaign of absent) if (!missing.has(campaign)) missing.set(campaign, monotonic());
  };
  const read = async (): Promise<void> => {
    // While the store does not answer, the last rows count.
    campaigns = await sending().catch(() => campaigns);
    if (timer !== undefined) onRead();
  };

  return {
    isOn: (): boolean => {
      compare();
      return [...missing.values()].some((since) => (monotonic() - since) % SEARCH_EVERY < SEARCH_FOR);
    },
    onRead: (listener: () => void): void => {
      onRead = listener;
    },
    /** Reads the campaigns at intervals while this is needed. */
    setNeeded: (isNeeded: boolean): void => {
      if (isNeeded) timer ??= setInterval(read, readEvery).unref();
      if (isNeeded || timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
