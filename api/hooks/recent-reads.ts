import type { RecentReads } from '../../store/requests/recent-reads.js';
import type { Api } from '../api.js';
import { isSending } from './request-limits.js';

/**
 * Drops the reads that requests share before a change is answered, so that the next request to this process sees it: a
 * revoked key is refused at once. A sent message changes none of them.
 */
export function forgetReadsAfterChanges(app: Api, { forget }: Pick<RecentReads, 'forget'>): void {
  app.addHook('onSend', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD' && !isSending(request)) forget();
  });
}

/** Drops reads after changes by other processes while the app listens. */
export function watchReads(app: Api, { watch }: Pick<RecentReads, 'watch'>): void {
  let end: (() => Promise<void>) | undefined;
  app.addHook('onListen', async () => {
    end = watch();
  });
  app.addHook('onClose', async () => end?.());
}
