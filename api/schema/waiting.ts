import { type Static, Type } from 'typebox';
import { WAITING_REASONS, type Waiting, type WaitingReason } from '../../domain/waiting/waiting.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import { nullable, Timestamp } from './fields.js';

/** Why it does not move; null where it moves, has ended or is a draft. */
export const WaitingView = nullable(
  Type.Object(
    {
      reason: Type.Enum(Object.keys(WAITING_REASONS) as WaitingReason[]),
      since: Timestamp,
      next_try: nullable(Timestamp),
      detail: Type.String(),
    },
    {
      description:
        'Why it does not move; null where it moves, has ended or is a draft. next_try: when it goes on, or is tried again, by itself; null: after a request, or the time is not known.',
      examples: [
        {
          reason: 'transport',
          since: '2026-05-15T09:00:12+00:00',
          next_try: '2026-05-15T09:01:24+00:00',
          detail:
            'The transport Relay cannot be reached since 2026-05-15T09:00:12.000Z. Last reply: connect ECONNREFUSED',
        },
      ],
    },
  ),
);

export function waitingView(waiting: Waiting | null | undefined): Static<typeof WaitingView> {
  if (waiting == null) return null;
  const { reason, since, next_try, detail } = waiting;
  return { reason, since: timestamp(since), next_try: timestampOrNull(next_try), detail };
}
