import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { acceptedEventId, FINAL_STATES, type MessageAttempt } from '../../domain/message/message.js';
import { type MessageEvidenceStores, settleByEarlierClick } from '../../services/evidence.js';
import { applyRefusal, type SuppressionStores } from '../../services/suppress.js';
import type { Event, Events } from '../../store/events/events.js';
import type { Messages } from '../../store/messages/messages.js';
import type { Message } from '../../store/messages/row.js';

export interface MessagePublishingDeps extends MessageEvidenceStores, SuppressionStores {
  readonly events: Events;
  readonly messages: Pick<Messages, 'endSweep'>;
}

export type PublishMessage = (row: Message) => Promise<void>;

/** Publishes that a message was accepted, before its outcome is known. Publishing an outcome repeats this event first. */
export function publishAccepted({ events }: { readonly events: Pick<Events, 'append'> }): PublishMessage {
  return async (row) => {
    if (row.attempt === 0) await events.append([acceptedEvent(row)]);
  };
}

/** Why a message that is due cannot be handed over. */
interface MessageHold {
  readonly reason: 'transport' | 'rate';
  /** The last error of the connection, without addresses. */
  readonly detail: string | null;
}

export type PublishHeld = (row: Message, hold: MessageHold) => Promise<void>;

/** Holds that this process has published; beyond them, an event is appended again, which changes nothing. */
const MOST_REMEMBERED = 10_000;

/**
 * Publishes that a message is held, with its acceptance: once for each attempt that it waits for, however often it is tried
 * in between. The attempt that follows ends the hold.
 */
export function heldPublisher({ events }: { readonly events: Pick<Events, 'append'> }): PublishHeld {
  const published = new Set<string>();
  return async (row, { reason, detail }) => {
    const { _id, account, attempt } = row;
    const id = `message:${_id}:held:${attempt}`;
    if (published.has(id)) return;
    const held = {
      _id: id,
      account,
      type: 'message.held',
      data: { message: _id, attempt: attempt + 1, reason, detail },
    };
    await events.append(attempt === 0 ? [acceptedEvent(row), held] : [held]);
    if (published.size >= MOST_REMEMBERED) published.clear();
    published.add(id);
  };
}

/** Milliseconds within which most outcomes are known; then acceptance and outcome are published together. */
const ACCEPTANCE_DELAY_MS = 1_000;

/** Records that an attempt has begun; call the result when it ends. */
export type TrackAttempt = (row: Message) => () => void;

export interface AcceptanceDeps {
  readonly events: Pick<Events, 'append'>;
  readonly messages: Pick<Messages, 'postponeSweep'>;
  readonly times: Pick<ProtocolTimes, 'lease'>;
}

/**
 * Publishes the acceptance of messages whose attempt takes long, and postpones their sweep: one write each for all of them,
 * once a second.
 */
export function acceptancePublisher({ events, messages, times }: AcceptanceDeps): TrackAttempt {
  const waiting = new Map<string, Message>();
  let timer: NodeJS.Timeout | undefined;
  const publishAll = (): void => {
    timer = undefined;
    const rows = [...waiting.values()];
    waiting.clear();
    const until = new Date(now().getTime() + times.lease);
    const ids = rows.map(({ _id }) => _id);
    // If this fails, the acceptance is published with the outcome, and the sweep finds a running workflow.
    void Promise.allSettled([events.append(rows.map(acceptedEvent)), messages.postponeSweep(ids, until)]);
  };
  return (row) => {
    if (row.attempt > 0) return () => undefined;
    waiting.set(row._id, row);
    timer ??= setTimeout(publishAll, ACCEPTANCE_DELAY_MS);
    return () => {
      waiting.delete(row._id);
      if (waiting.size > 0) return;
      clearTimeout(timer);
      timer = undefined;
    };
  };
}

const EVENT_OF = {
  sent: 'message.sent',
  failed: 'message.failed',
  deferred: 'message.delayed',
  uncertain: 'message.uncertain',
} as const satisfies Record<MessageAttempt['outcome'], string>;

/** A temporary refusal that names a block list has an event of its own: waiting may not help. */
const BLOCKED = 'ip_blocked';

function eventTypeOf({ outcome, class: reason }: MessageAttempt): string {
  return outcome === 'deferred' && reason === BLOCKED ? 'message.blocked' : EVENT_OF[outcome];
}

/**
 * Publishes the outcome of a message: one event for each entry of its timeline, and for each refusal its effect on the
 * recipient's address. Every step may be repeated; a final row that is published is no longer due for the sweep.
 */
export function messagePublisher(deps: MessagePublishingDeps): PublishMessage {
  const { events, messages } = deps;
  return async (found) => {
    const row = await settleByEarlierClick(deps, found);
    const mail = { account: row.account, emailKey: row.to_key };
    for (const entry of row.attempts) {
      await applyRefusal(deps, mail, { ...entry, kind: entry.outcome, at: new Date(entry.at) });
    }
    await events.append(eventsOf(row));
    if (FINAL_STATES.includes(row.state) && row.sweep_at !== null) await messages.endSweep(row);
  };
}

function acceptedEvent({ _id, account, group, role }: Message): Omit<Event, 'at'> {
  const data = { message: _id, group, role };
  return { _id: acceptedEventId(_id), account, type: 'message.accepted', data };
}

function eventsOf(row: Message): Omit<Event, 'at'>[] {
  const { _id, account, state } = row;
  const outcomes = row.attempts.map((entry, i) => {
    const { n, class: reason, code, reply, next } = entry;
    const data = { message: _id, attempt: n, class: reason, code, reply, next };
    return { _id: `message:${_id}:${i}`, account, type: eventTypeOf(entry), data };
  });
  const accepted = acceptedEvent(row);
  if (state !== 'cancelled') return [accepted, ...outcomes];
  return [
    accepted,
    ...outcomes,
    { _id: `message:${_id}:cancelled`, account, type: 'message.cancelled', data: { message: _id } },
  ];
}
