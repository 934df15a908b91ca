import { ENTRY, type EventKind, reported, VISIT, visit } from './event-kind.js';

const exception = (kind: string, when: string): EventKind => ({
  type: `recipient.${kind}`,
  when,
  id: ENTRY,
  data: 'class, code, reply',
  by: 'activities/campaign/publishing.ts',
});
const ofClosing = (kind: string, when: string, cause: string): EventKind => ({
  type: `recipient.${kind}`,
  when,
  id: `${ENTRY}:${cause}`,
  data: 'class, reply',
  by: 'activities/campaign/close.ts',
});
const late = (kind: string, when: string): EventKind => ({
  type: `recipient.${kind}`,
  when: `late evidence: ${when}`,
  id: `${ENTRY}:late`,
  data: 'class, code',
  by: 'services/evidence.ts',
});

export const RECIPIENT_EVENTS: readonly EventKind[] = [
  exception('failed', 'the mail was refused permanently or could not be rendered'),
  exception('skipped', 'the recipient was left out on purpose'),
  exception('deferred', 'the mail was refused temporarily, or never handed over'),
  exception('uncertain', 'it is not known whether the mail arrived'),
  ofClosing('failed', 'a deferred recipient ran out of time', 'expired'),
  ofClosing('skipped', 'a deferred recipient of a cancelled campaign is not tried again', 'cancelled'),
  late('sent', 'an uncertain mail did arrive'),
  late('failed', 'an uncertain mail was refused'),
  late('sent', 'a person clicked in a mail that was uncertain'),
  late('sent', 'a report says that an uncertain mail did arrive'),
  late('failed', 'a report says that an uncertain mail did not arrive'),
  visit(
    'recipient.opened',
    'the tracking pixel of a mail was fetched',
    'opened:<campaign>:<subscriber>:pixel:<rule or person>:<second>',
    VISIT,
  ),
  visit(
    'recipient.clicked',
    'a link of a mail was followed',
    'clicked:<campaign>:<subscriber>:<link>:<rule or person>:<second>',
    `${VISIT}, link`,
  ),
  reported('recipient.bounced', 'a mail bounced after it had been accepted', 'class, code, reply, hard'),
  reported('recipient.complained', 'the recipient reported it as spam', 'detail'),
];
