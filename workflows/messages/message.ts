import { defineQuery, defineSignal } from '@temporalio/workflow';
import { nameForOperators } from '../../domain/operator-text.js';
import { messageWorkflowId, queuesOf } from '../names.js';
import { apiLink, type StartSettings, startOptions, startOptionsFor } from './start.js';

export interface MessageInput {
  readonly account: number;
  readonly message: string;
}

/** The message's row has changed, for example by a cancel: read it. */
export const messageRowChanged = defineSignal('rowChanged');

export const MESSAGE_TYPE = 'message';

/** The phase with which messages start; those that are sent at the first attempt keep it, so that it costs no event. */
export const FIRST_MESSAGE_PHASE = 'accepted';

/**
 * What the Temporal UI shows of a message's row: its tags, or its template. Not its subject, which may contain a code or a name:
 * Temporal keeps it for 30 days, whatever is erased.
 */
export interface ShownMessage {
  readonly tags?: readonly string[] | undefined;
  readonly template?: { readonly id: number } | undefined;
}

function nameOf({ tags = [], template }: ShownMessage): string {
  if (tags.length > 0) return nameForOperators(tags.join(', '));
  return template === undefined ? '' : `template ${template.id}`;
}

export function messageStart(settings: StartSettings, input: MessageInput, row: ShownMessage) {
  const name = nameOf(row);
  return startOptions<MessageInput>({
    workflowId: messageWorkflowId(input.message),
    taskQueue: queuesOf(settings.prefix).messages,
    input,
    kind: 'message',
    phase: FIRST_MESSAGE_PHASE,
    summary: name === '' ? `Message of account ${input.account}` : `Message: ${name}`,
    details: apiLink(settings, `/messages/${input.message}`),
  });
}

/** Ids only: content and addresses stay in the rows. */
export interface MessageGroupInput {
  readonly messages: readonly MessageInput[];
  /** What earlier runs of this workflow have done. */
  readonly earlier?: MessageGroupResult;
}

export interface MessageGroupResult {
  /** Messages that reached a final state. */
  readonly final: number;
  /** Messages that got a workflow of their own. */
  readonly separate: number;
  /** How the final messages ended; those of earlier versions are missing. */
  readonly states?: Readonly<Record<string, number>>;
}

export interface MessageGroupProgress extends MessageGroupResult {
  readonly total: number;
  readonly left: number;
  /** When the oldest message that is left was accepted; ISO 8601. */
  readonly oldest: string | null;
}

export const messageGroupProgress = defineQuery<MessageGroupProgress>('progress');

export const MESSAGE_GROUP_TYPE = 'messages';

export interface GroupedMessage extends MessageInput, ShownMessage {}

/** The start of one workflow for several messages. `workflowId` is random: only a repeated start finds it in use. */
export function messageGroupStart(settings: StartSettings, workflowId: string, messages: readonly GroupedMessage[]) {
  const accounts = new Set(messages.map(({ account }) => account));
  const [account] = accounts;
  const names = [...new Set(messages.map(nameOf))].filter((name) => name !== '');
  const of = accounts.size === 1 ? `account ${account}` : `${accounts.size} accounts`;
  const owner = { account: accounts.size === 1 ? account : undefined };
  const options = startOptionsFor<MessageGroupInput>(owner, {
    workflowId,
    taskQueue: queuesOf(settings.prefix).messages,
    input: { messages: messages.map(({ account: its, message }) => ({ account: its, message })) },
    kind: 'messages',
    phase: FIRST_MESSAGE_PHASE,
    summary: `${messages.length} messages of ${of}${namesIn(names)}`,
    details: 'The input has the ids of the messages, the query `progress` what came of them.',
  });
  return { ...options, workflowIdReusePolicy: 'REJECT_DUPLICATE' as const };
}

function namesIn([first, ...others]: readonly string[]): string {
  if (first === undefined) return '';
  return others.length === 0 ? `: ${first}` : `: ${first} and ${others.length} other kinds`;
}
