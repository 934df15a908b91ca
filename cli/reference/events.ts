import { EVENTS } from '../../domain/events/event-kinds.js';
import { code, type Page, page, table } from './page.js';

/** The page about the event log. */
export function eventsPage(): Page {
  const rows = EVENTS.map(({ type, when, id, data, by }) => [code(type), when, idCell(id), data, code(by)]);
  return page(
    'events',
    'domain/events/event-kinds.ts',
    'Events',
    [
      'The collection `events` is append only; `store/events/events.ts` is the only writer. Each row has `_id`, `account`, `type`,',
      '`at`, and, if they apply, `campaign`, `subscriber` and `data`. If a retry could repeat an append, `_id` is derived from what',
      'happened, so the event is stored once. Events contain no addresses.',
    ].join('\n'),
    table(['type', 'when', '`_id`', '`data`', 'appended by'], rows),
    [
      'A *sent* mail of a campaign has no event of its own: the ledger page records it (`store/campaigns/ledger.ts`). The rows of a',
      'batch or a CSV file have no events either.',
    ].join('\n'),
  );
}

function idCell(id: string): string {
  return id.includes('<') ? code(id) : id;
}
