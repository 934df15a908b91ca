import { defineSearchAttributeKey } from '@temporalio/common';

/**
 * Workflow ids and task queues. Queues and Schedules have a prefix, workflow ids do not: each installation needs its own
 * namespace, or two installations would use the same id for their campaign 7.
 */
export function queuesOf(prefix: string) {
  return {
    /** Workflow tasks. */
    workflows: prefix,
    /** Short and heavy steps: rows, audiences, imports. */
    steps: `${prefix}.steps`,
    /** Page activities: one slot per lane. */
    send: `${prefix}.send`,
    /** Drafts: a model call may take a minute, and quick steps must not wait for it. */
    model: `${prefix}.model`,
    /** Workflow tasks and attempts of transactional messages: they never wait behind campaigns. */
    messages: `${prefix}.messages`,
    /** Deliveries to webhook endpoints: one slot per endpoint. */
    hooks: `${prefix}.hooks`,
  } as const;
}

export const DEFAULT_PREFIX = 'everpost';

export function campaignWorkflowId(campaign: number): string {
  return `campaign/${campaign}`;
}

/** The campaign of a workflow; undefined where it is not the workflow of a campaign. */
export function campaignOfWorkflow(workflowId: string): number | undefined {
  return numberBehind(campaignWorkflowId(0).slice(0, -1), workflowId);
}

export function laneWorkflowId(campaign: number, lane: number): string {
  return `campaign/${campaign}/lane/${lane}`;
}

export function importWorkflowId(id: number): string {
  return `import/${id}`;
}

export function draftWorkflowId(campaign: number, n: number): string {
  return `draft/${campaign}/${n}`;
}

export function endpointWorkflowId(id: number): string {
  return `webhook/${id}`;
}

export function messageWorkflowId(id: string): string {
  return `message/${id}`;
}

/** The workflow of several messages; `id` is random. */
export function messageGroupWorkflowId(id: string): string {
  return `messages/${id}`;
}

export function confirmationWorkflowId(id: number): string {
  return `confirmation/${id}`;
}

/** The workflow that reconciles the Schedule of one newsletter. */
export function newsletterWorkflowId(id: number): string {
  return `newsletter/${id}`;
}

/** Temporal appends a hyphen and the time: `newsletter/7/issue-2026-05-15T07:00:00Z`. */
export function issueWorkflowBase(newsletter: number): string {
  return `newsletter/${newsletter}/issue`;
}

export function newsletterScheduleId(prefix: string, id: number): string {
  return `${prefix}/newsletter/${id}`;
}

/** The newsletter of a Schedule; undefined where the Schedule belongs to no newsletter of this installation. */
export function newsletterOfSchedule(prefix: string, scheduleId: string): number | undefined {
  return numberBehind(newsletterScheduleId(prefix, 0).slice(0, -1), scheduleId);
}

/** The number behind `lead`; undefined where the id is another one. */
function numberBehind(lead: string, id: string): number | undefined {
  const rest = id.startsWith(lead) ? id.slice(lead.length) : '';
  return /^[1-9]\d*$/.test(rest) ? Number(rest) : undefined;
}

export function sweepScheduleId(prefix: string): string {
  return `${prefix}/sweep`;
}

/** Search attributes, all keywords; `workers/namespace.ts` registers them. */
export const ACCOUNT = defineSearchAttributeKey('EverpostAccount', 'KEYWORD');
export const CAMPAIGN = defineSearchAttributeKey('EverpostCampaign', 'KEYWORD');
export const KIND = defineSearchAttributeKey('EverpostKind', 'KEYWORD');
export const PHASE = defineSearchAttributeKey('EverpostPhase', 'KEYWORD');
/** Why it makes no progress, or what an operator should see to; absent where there is nothing. */
export const REASON = defineSearchAttributeKey('EverpostReason', 'KEYWORD');
