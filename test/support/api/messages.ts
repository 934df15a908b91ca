import type { LightMyRequestResponse as Response } from 'fastify';
import { type Engine, idleEngine } from '../../../api/engine/engine.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import type { Call, TestApi } from './api.js';

/** An engine that only remembers which messages it was to wake. */
export function recordingMessageEngine(): Engine & { readonly notified: string[] } {
  const notified: string[] = [];
  return { ...idleEngine, notified, startMessage: ({ _id }) => void notified.push(_id) };
}

export const MAIL = { to: 'ada@example.org', subject: 'Your code', text: '123456' };

export function post({ call }: TestApi, fields: Record<string, unknown> = {}, options: Call = {}): Promise<Response> {
  return call('POST /api/v1/messages', { ...options, payload: { ...MAIL, ...fields } });
}

export function keyed(key: string): Call {
  return { headers: { 'idempotency-key': key } };
}

/** Every row of the account, in the order in which they were accepted. */
export function rows({ store, account }: TestApi, filter: Partial<Message> = {}): Promise<Message[]> {
  return majorityCollection<Message>(store, 'messages')
    .find({ account, ...filter })
    .sort({ number: 1 })
    .toArray();
}

/** Puts a row into a state, as its workflow and time would have. */
export async function forceMessage({ store }: TestApi, _id: string, fields: Partial<Message>): Promise<void> {
  await majorityCollection<Message>(store, 'messages').updateOne({ _id }, { $set: fields });
}
