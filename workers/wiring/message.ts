import { Context } from '@temporalio/activity';
import { messageMail } from '../../activities/message/mail.js';
import { messageActivities } from '../../activities/message/message.js';
import { messageTrackingLinks, optOutUrls } from '../../activities/message/tracking-links.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { LinkTokens } from '../../mail/tokens/link-tokens.js';
import type { ReturnPaths } from '../../mail/tokens/return-path.js';
import type { BounceDomainStores } from '../../services/sender.js';
import type { Signing } from '../../services/signing.js';
import { accounts } from '../../store/accounts/accounts.js';
import { events } from '../../store/events/events.js';
import { contents } from '../../store/messages/contents.js';
import { messages } from '../../store/messages/messages.js';
import { messageProgress } from '../../store/messages/progress.js';
import type { Store } from '../../store/mongo/connect.js';
import { subscribers } from '../../store/subscribers/subscribers.js';
import { optOuts } from '../../store/suppressions/opt-outs.js';
import { suppressions } from '../../store/suppressions/suppressions.js';
import { links } from '../../store/tracking/links.js';
import { countedProgress } from '../metrics/counted-stores.js';
import type { MailMetrics } from '../metrics/metrics.js';
import type { Stop } from '../stop.js';
import type { Transports } from '../transports.js';

export interface MessageDependencies extends BounceDomainStores {
  readonly store: Store;
  readonly times: ProtocolTimes;
  readonly outgoing: Pick<Transports, 'of'>;
  readonly signing: Signing;
  readonly paths: ReturnPaths;
  readonly tokens: LinkTokens;
  readonly publicUrl: string;
  readonly metrics: MailMetrics | undefined;
}

/** What transactional messages need, put together once a process. */
export function messageWiring(dependencies: MessageDependencies, { stopping, drained }: Stop) {
  const { store, times, outgoing, metrics } = dependencies;
  const rows = messages(store);
  const trackingLinksOf = messageTrackingLinks({
    ...dependencies,
    accounts: accounts(store),
    linkNumbers: links(store),
  });
  const progress = countedProgress(messageProgress(store, times.lease), metrics?.message);
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
        ...dependencies,
        contents: contents(store),
        trackingLinksOf,
        optOutUrlOf: optOutUrls(dependencies),
      }),
      transportsFor: outgoing.of,
      times,
      stopping,
      drained: drained,
      heartbeat: () => Context.current().heartbeat(),
    }),
  };
}
