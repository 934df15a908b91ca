import { expect, test } from 'vitest';
import { textOf, tracked } from './support/repository/sources.js';

const written = tracked.filter(
  (path) =>
    /\.(?:ts|md|html|yml|svg)$/.test(path) &&
    path !== 'test/words.test.ts' &&
    !/^(?:client|test\/histories)\//.test(path),
);

/** Words that only this project used, each with the usual term. They appear nowhere, alone or inside an identifier. */
const BANNED: Readonly<Record<string, string>> = {
  '(?<!d)river': 'event log',
  doorbell: 'notifier, signal',
  tidings: 'event payload',
  errand: 'delivery job',
  logbook: 'delivery log',
  teller: 'publisher',
  sighting: 'workflow status',
  condemn: 'suppress',
  farewell: 'finish',
  roster: 'recipient reader',
  wearDown: 'recordSoftBounce',
  surroundings: 'dependencies',
};

/** Earlier identifiers whose words also have an ordinary meaning: only these spellings are banned. */
const OLD_IDENTIFIERS = `
  acceptNote accountParts activityParts afterLook approvalWish AttemptGround AttemptHost aWorld BellDeps
  BETWEEN_LOOKS bounceParts bounceTold CampaignTold CommandParts courseOf delayTold demandReach draftParts
  DraftPlace DraftWish endLine EndpointBell endpointBell EndpointTally eventGround EventGround expectTold
  FIRST_LOOK firstLook FirstStanding floorOf forgetAtNight forgetSaid forgetStrays GateDeps HAS_PLACE hasRoom
  hookParts HOUR_OF_NIGHT HourReach ifTold importGround ImportGround ImportHost InboundWatchGround inTheWayOf
  inTheWayOfFreezing isPatient isTold KeyStanding LedgerPlace letter_news LineDeps lineOver LinkReach
  listenForNews LockNote LONGEST_LOOK LONGEST_PLACE LOOK_EVERY lookAfterCampaign lookAfterConfirmation
  lookAfterDraft lookAfterImport lookAfterIssue lookAfterNewsletter lookAtCampaign lookAtConfirmation
  lookAtEndpoint lookAtIssue lookAtKey lookAtMessage lookAtNewsletter messageParts MessageStanding MessageTold
  messageTold MessageTrail MessageTrailDeps messageTrails MessageWorld messageWorld MOST_A_NIGHT MOST_PER_LOOK
  NewsletterGates newsletterParts newsOf newsWithin NEXT_LOOK nextLook nextNight nextWish NightDeps nightOf
  noteBadDomain NoteDeps noteLook noteRunning noteServer noteTrouble NumberedWish OddEntry OddFate OddKind oddOnes
  oldestPlace openLines openPress OWED_AFTER owedNow OwedRows PATIENCE_MS patientRenderer placeBehind placeFrom
  PLACES_AT_ONCE placesOn PreviewWish REACH_MS REACH_SHOWN reachOf RecipientWish rehearsalGround requestTally
  roomToClaim RunningNote saidByTemplate saidItself saidOf SenderPlaces ServerParts SigningStanding
  SKEW_IN_THE_WAY_MS standingOf standingOn StoryGround strayHunt subscriberGround SubscriberWish SweepGround
  tallyOf tellAccepted tellEntries tellListOwners TellMessage tellMissed tellOf tellOwner tellsEarly tellSkipped
  TemplatePreviewWish toldByPostmark toldIn ToldReport toldTo trailOf turnsFor turnsOf untilNews untilTold
  visitPatience wakeCampaign wakeConfirmation wakeDraft wakeEndpoint wakeImport wakeIssue wakeMessage
  wakeNewsletter wakeQueue WakeQueue WakeQueueOptions WatchGround wayOf wayOut WayOut webhookGround WebhookGround
  wishOf WishTally withoutTrail WorkerParts WorldPlan
`
  .trim()
  .split(/\s+/);

/** Indefinite subjects hide who acts: a sentence names the program, the person or the thing instead. */
const INDEFINITE = /\b(?:nobody|whoever|somebody|anybody)\b/gi;
const MOST_INDEFINITE = 20;

test.each(Object.entries(BANNED))('"%s" is written as "%s"', (word) => {
  const pattern = new RegExp(word, 'i');
  expect(written.filter((path) => pattern.test(path) || pattern.test(textOf(path)))).toEqual([]);
});

test('earlier identifiers are gone', () => {
  const pattern = new RegExp(`\\b(?:${OLD_IDENTIFIERS.join('|')})\\b`, 'g');
  const code = written.filter((path) => path.endsWith('.ts'));
  const uses = code.flatMap((path) => [...textOf(path).matchAll(pattern)].map(([name]) => `${path}: ${name}`));
  expect(uses).toEqual([]);
});

test('sentences name their subject', () => {
  const uses = written.flatMap((path) => [...textOf(path).matchAll(INDEFINITE)].map(([word]) => `${path}: ${word}`));
  expect(uses.length, uses.join('\n')).toBeLessThan(MOST_INDEFINITE);
});
