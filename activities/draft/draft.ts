import { ApplicationFailure } from '@temporalio/common';
import type { DraftWriter, WrittenDraft } from '../../ai/draft-writer.js';
import { DRAFT_SENTENCES, LONGEST_WAIT } from '../../domain/draft/draft.js';
import { bodyOfDraft } from '../../mail/render/blocks.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Draft, Drafts } from '../../store/drafts/drafts.js';
import type { Voices } from '../../store/drafts/voices.js';
import type { Events } from '../../store/events/events.js';
import { draftHolder, type Quotas } from '../../store/quotas/quotas.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { DraftInput } from '../../workflows/messages/campaign.js';
import type { Engine } from '../engine.js';
import { type ActivityContext, withHeartbeat } from '../heartbeat.js';

export interface DraftWritingDeps {
  readonly drafts: Drafts;
  readonly voices: Pick<Voices, 'current'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly subscribers: Pick<Subscribers, 'fieldNames'>;
  readonly quotas: Pick<Quotas, 'reserveDraft'>;
  /** Undefined where this worker has no key. */
  readonly draftWriter: DraftWriter | undefined;
  readonly activityContext: () => ActivityContext;
}

export interface DraftSettlingDeps {
  readonly drafts: Drafts;
  readonly campaigns: Pick<Campaigns, 'find' | 'completeDrafting' | 'abandonDrafting'>;
  readonly events: Pick<Events, 'append'>;
  readonly engine: Pick<Engine, 'notifyCampaign'>;
  readonly quotas: Pick<Quotas, 'settle'>;
}

/** How the writing ended; the row shows whether there is a text. */
export type DraftEnd = 'written' | 'gave_up' | 'cancelled';

const HEARTBEAT_MS = 3_000;

/** One turn of the model. */
export function draftWriting(deps: DraftWritingDeps) {
  return {
    /** `again`: the answer could not be used, and the next turn repairs it. A limit or an outage is a retryable failure. */
    writeDraft: async (input: DraftInput): Promise<'done' | 'again'> => {
      const [row, campaign] = await Promise.all([
        deps.drafts.find(input),
        deps.campaigns.find(input.account, input.campaign),
      ]);
      if (row?.state !== 'waiting' || campaign === null) return 'done';
      // The request reserves the quota of the draft. If it crashed before that, this step reserves it.
      if ((await deps.quotas.reserveDraft(row.account, row)) === 'over') {
        await deps.drafts.fail(row, 'rejected', 'the plan has no drafts by AI left this month');
        return 'done';
      }
      if (deps.draftWriter === undefined) {
        await deps.drafts.fail(row, 'rejected', 'this worker has no OPENAI_API_KEY');
        return 'done';
      }
      return recordTurn(deps, row, await runTurn(deps, deps.draftWriter, row, campaign));
    },
  };
}

async function runTurn(
  deps: DraftWritingDeps,
  writer: DraftWriter,
  row: Draft,
  campaign: Campaign,
): Promise<WrittenDraft> {
  const [voice, fields] = await Promise.all([
    deps.voices.current(row.account),
    deps.subscribers.fieldNames(row.account, campaign.list_id),
  ]);
  const { prompt, source, links } = row;
  const earlier = row.said === null ? null : { content: row.said, faults: row.faults };
  const { signal, check } = cancellation(deps, row);
  const turn = await withHeartbeat({ heartbeat: check }, HEARTBEAT_MS, () =>
    writer.write({ prompt, source, links, fields: fields.filter(isPlainName), voice }, earlier, signal),
  );
  await deps.drafts.recordCall(row, turn.call, voice.hash);
  return turn;
}

/** Other names can be read only in brackets, which a model gets wrong. */
function isPlainName(field: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(field);
}

/** Aborts the model's request when Temporal cancels the activity, or when `check` finds that the row no longer waits. */
function cancellation({ activityContext, drafts }: DraftWritingDeps, row: Draft) {
  const { cancelled, heartbeat } = activityContext();
  const unwanted = new AbortController();
  const check = () => {
    heartbeat();
    drafts.find(row).then(
      (now) => now?.state !== 'waiting' && unwanted.abort(),
      // The next heartbeat reads the row again; the request has a time limit of its own.
      () => undefined,
    );
  };
  return { signal: AbortSignal.any([cancelled, unwanted.signal]), check };
}

async function recordTurn(
  { drafts, activityContext }: DraftWritingDeps,
  row: Draft,
  { step }: WrittenDraft,
): Promise<'done' | 'again'> {
  switch (step.kind) {
    case 'ready':
      await drafts.ready(row, step.text);
      return 'done';
    case 'repair':
      return (await drafts.repair(row, step.content, step.faults)) === null ? 'done' : 'again';
    case 'failed':
      await drafts.fail(row, step.reason, step.detail, step.content);
      return 'done';
    case 'cancelled':
      activityContext().cancelled.throwIfAborted();
      return 'done';
    case 'unavailable':
      if ((step.retryAfter ?? 0) <= LONGEST_WAIT) throw retryLater(step.why, step.retryAfter);
      await drafts.fail(row, 'unavailable', `${step.why}; it asks to wait ${Math.ceil(step.retryAfter ?? 0)} ms`);
      return 'done';
  }
}

function retryLater(why: string, wait: number | undefined): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'model_unavailable',
    message: why,
    ...(wait !== undefined && { nextRetryDelay: wait }),
  });
}

/** Settles a draft and releases its campaign. */
export function draftSettling(deps: DraftSettlingDeps) {
  return {
    /** Settles the draft and its campaign; safe to repeat. Returns the state of the draft, and why it failed. */
    settleDraft: async (input: DraftInput, end: DraftEnd): Promise<string> => {
      const { drafts } = deps;
      if (end === 'cancelled') await drafts.cancel(input);
      if (end === 'gave_up') await drafts.fail(input, 'unavailable', DRAFT_SENTENCES.unavailable);
      const row = await drafts.find(input);
      if (row === null) return 'gone';
      const used = row.state === 'ready' ? 1 : 0;
      if (row.state !== 'waiting') await deps.quotas.settle([{ _id: draftHolder(row), used }]);
      const campaign = await deps.campaigns.find(row.account, row.campaign);
      if (campaign === null) await drafts.deleteAll(row.account, row.campaign);
      else await settle(deps, campaign, row);
      return row.reason === null ? row.state : `${row.state}: ${DRAFT_SENTENCES[row.reason]}`;
    },
  };
}

async function settle(deps: DraftSettlingDeps, campaign: Campaign, row: Draft): Promise<void> {
  if (campaign.state === 'drafting' && campaign.drafting?.n === row.n) {
    const after = await releaseCampaign(deps, campaign, row);
    // Another process wrote the campaign first: Temporal repeats the step, which reads the rows again.
    if (after === null) throw new Error('the campaign was changed by another process; the step is repeated');
    await deps.engine.notifyCampaign(after);
  }
  const { account, campaign: id, n, state, reason } = row;
  const about = { account, campaign: id, data: { draft: n, reason } };
  if (state === 'ready') await deps.events.append([{ ...about, _id: `draft:${row._id}`, type: 'draft.ready' }]);
  if (state === 'failed') await deps.events.append([{ ...about, _id: `draft:${row._id}`, type: 'draft.failed' }]);
  await deps.drafts.sweepAgain(row, null);
}

/** Out of `drafting`: with the text, or without one and the reason why. */
function releaseCampaign({ campaigns }: DraftSettlingDeps, campaign: Campaign, row: Draft): Promise<Campaign | null> {
  if (row.state === 'ready' && row.text !== null) return campaigns.completeDrafting(campaign, contentOf(campaign, row));
  return campaigns.abandonDrafting(campaign, row.state === 'failed' ? 'ai_failed' : null);
}

function contentOf({ name }: Campaign, row: Draft) {
  const content = bodyOfDraft(row);
  return { ...content, name: name || content.subject };
}
