import { Context } from '@temporalio/activity';
import type { BounceDomainOf } from '../activities/bounce-domain.js';
import { messageMail } from '../activities/message/mail.js';
import { leavingOf, messageTrails } from '../activities/message/trail.js';
import { messageActivities } from '../activities/message.js';
import type { Signing } from '../activities/signing.js';
import type { ProtocolTimes } from '../domain/protocol.js';
import type { ReturnPaths } from '../mail/return-path.js';
import type { LinkTokens } from '../mail/tokens.js';
import { accounts } from '../store/accounts.js';
import type { Store } from '../store/connect.js';
import { contents } from '../store/contents.js';
import { events } from '../store/events.js';
import { links } from '../store/links.js';
import { messageProgress } from '../store/message/progress.js';
import { messages } from '../store/messages.js';
import { optOuts } from '../store/opt-outs.js';
import { subscribers } from '../store/subscribers.js';
import { suppressions } from '../store/suppressions.js';
import { countedProgress } from './counted.js';
import type { MailFigures } from './figures.js';
import type { Stop } from './stop.js';
import type { Transports } from './transports.js';

export interface MessageSurroundings {
  readonly store: Store;
  readonly times: ProtocolTimes;
  readonly ways: Pick<Transports, 'of'>;
  readonly signing: Signing;
  readonly paths: ReturnPaths;
  readonly bounceDomainOf: BounceDomainOf;
  readonly tokens: LinkTokens;
  readonly publicUrl: string;
  readonly figures: MailFigures | undefined;
}

/** What transactional messages need, put together once a process. */
export function messageParts(surroundings: MessageSurroundings, { stopping, drained }: Stop) {
  const { store, times, ways, figures } = surroundings;
  const rows = messages(store);
  const trailOf = messageTrails({ ...surroundings, accounts: accounts(store), numbers: links(store) });
  const progress = countedProgress(messageProgress(store, times.lease), figures?.message);
  return {
    messages: rows,
    messageProgress: progress,
    messageSteps: messageActivities({
      messages: rows,
      progress,
      suppressions: suppressions(store),
      optOuts: optOuts(store),
      subscribers: subscribers(store),
      events: events(store),
      messageMail: messageMail({
        ...surroundings,
        contents: contents(store),
        trailOf,
        leaveOf: leavingOf(surroundings),
      }),
      transportsFor: ways.of,
      times,
      stopping,
      unqueue: drained,
      heartbeat: () => Context.current().heartbeat(),
    }),
  };
}
