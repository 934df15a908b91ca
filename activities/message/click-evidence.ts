import { now } from '../../clock.js';
import { stepOfEvidence } from '../../domain/message/step.js';
import type { Events } from '../../store/events/events.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';

export interface ClickDeps {
  readonly events: Pick<Events, 'ofMessage'>;
  readonly messageProgress: Pick<MessageProgress, 'recordLateEvidence'>;
}

const MOST_CLICKS = 100;

/** Somebody may have clicked before anybody knew that the message was in doubt: then it has arrived. */
export async function settledByClick({ events, messageProgress }: ClickDeps, row: Message): Promise<Message> {
  const { account, _id, track, token, state, attempt: n } = row;
  if (!track || token === null || (state !== 'uncertain' && state !== 'deferred')) return row;
  const clicks = await events.ofMessage(account, _id, ['message.clicked'], MOST_CLICKS);
  if (!clicks.some(({ data }) => data?.['by'] === 'person')) return row;
  const why = { class: 'clicked', code: null, reply: null };
  const step = stepOfEvidence({ n, at: now() }, 'sent', why);
  return (await messageProgress.recordLateEvidence(account, _id, step)) ?? row;
}
