import { ApplicationFailure } from '@temporalio/common';
import type { DraftWriter, Turned } from '../ai/drafts.js';
import { DRAFT_SENTENCES, LONGEST_WAIT } from '../domain/draft.js';
import { bodyOfDraft } from '../mail/draft-body.js';
import type { Campaign, Campaigns } from '../store/campaigns.js';
import type { Draft, Drafts } from '../store/drafts.js';
import type { Events } from '../store/events.js';
import { draftHolder, type Quotas } from '../store/quota/quotas.js';
import type { Subscribers } from '../store/subscribers.js';
import type { Voices } from '../store/voices.js';
import type { DraftInput } from '../workflows/messages.js';
import type { Engine } from './engine.js';

export interface DraftWritingDeps {
  readonly drafts: Drafts;
  readonly voices: Pick<Voices, 'current'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly subscribers: Pick<Subscribers, 'fieldNames'>;
  readonly quotas: Pick<Quotas, 'reserveDraft'>;
  /** Undefined where this worker has no key. */
  readonly draftWriter: DraftWriter | undefined;
  readonly host: () => { readonly cancelled: AbortSignal; heartbeat(): void };
}

export interface DraftSettlingDeps {
  readonly drafts: Drafts;
  readonly campaigns: Pick<Campaigns, 'find' | 'drafted' | 'undrafted'>;
  readonly events: Pick<Events, 'append'>;
  readonly engine: Pick<Engine, 'wakeCampaign'>;
  readonly quotas: Pick<Quotas, 'settle'>;
}

/** How the writing ended; whether there is a text stands in the row. */
export type DraftEnd = 'written' | 'gave_up' | 'cancelled';

const BEAT = 3_000;

/** One turn of the model. */
export function draftWriting(deps: DraftWritingDeps) {
  return {
    /** `again`: the answer could not be used, and the next turn says why. A limit or an outage is a failure to repeat. */
    writeDraft: async (input: DraftInput): Promise<'done' | 'again'> => {
      const [row, campaign] = await Promise.all([
        deps.drafts.find(input),
        deps.campaigns.find(input.account, input.campaign),
      ]);
      if (row?.state !== 'waiting' || campaign === null) return 'done';
      // Who asked for it has reserved it, or died in between: then it is done here.
      if ((await deps.quotas.reserveDraft(row.account, row)) === 'over') {
        await deps.drafts.fail(row, 'rejected', 'the plan has no drafts by AI left this month');
        return 'done';
      }
      if (deps.draftWriter === undefined) {
        await deps.drafts.fail(row, 'rejected', 'this worker has no OPENAI_API_KEY');
        return 'done';
      }
      return noted(deps, row, await turned(deps, deps.draftWriter, row, campaign));
    },
  };
}

async function turned(deps: DraftWritingDeps, writer: DraftWriter, row: Draft, campaign: Campaign): Promise<Turned> {
  const [voice, fields] = await Promise.all([
    deps.voices.current(row.account),
    deps.subscribers.fieldNames(row.account, campaign.list_id),
  ]);
  const { prompt, source, links } = row;
  const earlier = row.said === null ? null : { said: row.said, faults: row.faults };
  const watch = watched(deps, row);
  const turn = await writer.write({ prompt, source, links, fields, voice }, earlier, watch.signal).finally(watch.end);
  await deps.drafts.charge(row, turn.call, voice.hash);
  return turn;
}

/** Beats, and calls the question off where Temporal asks for it or the row does not wait any more. */
function watched({ host, drafts }: DraftWritingDeps, row: Draft) {
  const { cancelled, heartbeat } = host();
  const unwanted = new AbortController();
  const beat = setInterval(() => {
    heartbeat();
    drafts.find(row).then(
      (now) => now?.state !== 'waiting' && unwanted.abort(),
      // The store will be asked again; the question has a time limit of its own.
      () => undefined,
    );
  }, BEAT);
  return { signal: AbortSignal.any([cancelled, unwanted.signal]), end: () => clearInterval(beat) };
}

async function noted({ drafts, host }: DraftWritingDeps, row: Draft, { step }: Turned): Promise<'done' | 'again'> {
  switch (step.kind) {
    case 'ready':
      await drafts.ready(row, step.text);
      return 'done';
    case 'repair':
      return (await drafts.repair(row, step.said, step.faults)) === null ? 'done' : 'again';
    case 'failed':
      await drafts.fail(row, step.reason, step.detail, step.said);
      return 'done';
    case 'cancelled':
      host().cancelled.throwIfAborted();
      return 'done';
    case 'unavailable':
      if ((step.retryAfter ?? 0) <= LONGEST_WAIT) throw notNow(step.why, step.retryAfter);
      await drafts.fail(row, 'unavailable', `${step.why}; it asks to wait ${Math.ceil(step.retryAfter ?? 0)} ms`);
      return 'done';
  }
}

function notNow(why: string, wait: number | undefined): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'model_unavailable',
    message: why,
    ...(wait !== undefined && { nextRetryDelay: wait }),
  });
}

/** What a draft's end means for its campaign. */
export function draftSettling(deps: DraftSettlingDeps) {
  return {
    /** Brings row and campaign to their end; every step may be repeated. Answers the state of the draft. */
    settleDraft: async (input: DraftInput, end: DraftEnd): Promise<string> => {
      const { drafts } = deps;
      if (end === 'cancelled') await drafts.cancel(input);
      if (end === 'gave_up') await drafts.fail(input, 'unavailable', DRAFT_SENTENCES.unavailable);
      const row = await drafts.find(input);
      if (row === null) return 'gone';
      const used = row.state === 'ready' ? 1 : 0;
      if (row.state !== 'waiting') await deps.quotas.settle([{ _id: draftHolder(row), used }]);
      const campaign = await deps.campaigns.find(row.account, row.campaign);
      if (campaign === null) await drafts.forget(row.account, row.campaign);
      else await settle(deps, campaign, row);
      return row.state;
    },
  };
}

async function settle(deps: DraftSettlingDeps, campaign: Campaign, row: Draft): Promise<void> {
  if (campaign.state === 'drafting' && campaign.drafting?.n === row.n) {
    const after = await released(deps, campaign, row);
    // Somebody else wrote first: the step is repeated and decides anew.
    if (after === null) throw new Error('the campaign was written meanwhile');
    await deps.engine.wakeCampaign(after);
  }
  const { account, campaign: id, n, state, reason } = row;
  const about = { account, campaign: id, data: { draft: n, reason } };
  if (state === 'ready') await deps.events.append([{ ...about, _id: `draft:${row._id}`, type: 'draft.ready' }]);
  if (state === 'failed') await deps.events.append([{ ...about, _id: `draft:${row._id}`, type: 'draft.failed' }]);
  await deps.drafts.lookAgain(row, null);
}

/** Out of `drafting`: with the text, or without one and the reason why. */
function released({ campaigns }: DraftSettlingDeps, campaign: Campaign, row: Draft): Promise<Campaign | null> {
  if (row.state === 'ready' && row.text !== null) return campaigns.drafted(campaign, contentOf(campaign, row));
  return campaigns.undrafted(campaign, row.state === 'failed' ? 'ai_failed' : null);
}

function contentOf({ name }: Campaign, row: Draft) {
  const content = bodyOfDraft(row);
  return { ...content, name: name || content.subject };
}
