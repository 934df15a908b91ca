import type { CampaignPlan } from '../../activities/campaign.js';
import { approvalFor, askedAt, remindAt } from '../../domain/approval.js';
import type { CampaignInput } from '../../workflows/messages.js';
import { stepTime } from './stage.js';
import { sending, type Timeline } from './timeline.js';

/** What a rehearsal knows of a campaign. */
export interface Part {
  readonly people: number;
  readonly perSecond: number | null;
  /** Names of those who are asked; null: nobody is. */
  readonly approvers: readonly string[] | null;
  readonly approvalHours: number;
  /** Milliseconds; null: at once. */
  readonly sendAt: number | null;
  /** What the rehearsal assumes of approvers. */
  readonly answer: 'yes' | 'none';
}

export interface CampaignScene {
  readonly part: Part;
  /** The workflow reads its row again. */
  readonly tell: (campaign: number) => Promise<unknown>;
  readonly line: Timeline;
  /** No more time passes. */
  readonly hold: () => Promise<void>;
}

interface Played {
  state: CampaignPlan['state'];
  round: number;
  question: CampaignPlan['question'];
  v: number;
}

const TIMES = { startToClose: 60_000, heartbeat: 60_000, lease: 60_000 };

/** The steps of a campaign's workflow as a rehearsal plays them: states move, nothing is read, written or sent. */
export function campaignSteps(sceneOf: (campaign: number) => CampaignScene) {
  const played = new Map<number, Played>();
  const now = ({ campaign }: CampaignInput): Played => {
    const known = played.get(campaign);
    if (known !== undefined) return known;
    const begun = first(sceneOf(campaign).part);
    played.set(campaign, begun);
    return begun;
  };
  const move = (input: CampaignInput, to: Partial<Played>) => {
    const before = now(input);
    Object.assign(before, to, { v: before.v + 1 });
  };
  const note = ({ campaign }: CampaignInput, what: string) => sceneOf(campaign).line.note(stepTime(), what);
  const plan = async (input: CampaignInput): Promise<CampaignPlan> => {
    const { sendAt } = sceneOf(input.campaign).part;
    const time = sendAt === null ? null : new Date(sendAt).toISOString();
    return { ...now(input), launch: input.launch, due: null, sendAt: time, lanes: 1, times: TIMES };
  };
  return {
    loadCampaign: plan,
    ...approvalSteps(sceneOf, { now, move, note }),
    beginCampaign: async (input: CampaignInput) => move(input, { state: 'freezing' }),
    renderContent: async () => 'rendered' as const,
    freezeAudience: async (input: CampaignInput) => move(input, { state: 'sending', round: 0 }),
    describeProgress: async () => 'a rehearsal',
    sendPages: async (input: CampaignInput) => {
      const { people, perSecond } = sceneOf(input.campaign).part;
      note(input, `sends ${sending(people, perSecond)}`);
      return 'finished' as const;
    },
    openNextRound: async () => false,
    noteTrouble: async () => undefined,
    closeCampaign: async (input: CampaignInput) => {
      move(input, { state: 'sent' });
      await sceneOf(input.campaign).hold();
    },
    settleCancelled: async () => 0,
  };
}

interface Moves {
  now(input: CampaignInput): Played;
  move(input: CampaignInput, to: Partial<Played>): void;
  note(input: CampaignInput, what: string): void;
}

function approvalSteps(sceneOf: (campaign: number) => CampaignScene, { now, move, note }: Moves) {
  return {
    askApprovers: async (input: CampaignInput, reminder: boolean) => {
      const { part, tell } = sceneOf(input.campaign);
      const { state, question } = now(input);
      // Asked again it is the same question, as in the real step.
      if (state !== 'awaiting_approval' || (question !== null && !reminder)) return;
      const names = (part.approvers ?? []).join(', ');
      note(input, reminder ? `reminds ${names}` : `waits for ${names}, ${part.approvalHours} h at most`);
      if (reminder) return;
      move(input, { question: questionFor(part) });
      if (part.answer === 'yes') {
        const isEarly = part.sendAt !== null && part.sendAt > stepTime();
        move(input, { state: isEarly ? 'scheduled' : 'freezing' });
        note(input, 'the rehearsal says yes');
      }
      await tell(input.campaign);
    },
    lapseApproval: async (input: CampaignInput) => {
      move(input, { state: 'draft' });
      note(input, 'nobody has answered in time');
      await sceneOf(input.campaign).hold();
    },
  };
}

function questionFor({ approvalHours }: Part): CampaignPlan['question'] {
  const { asked } = askedAt(approvalFor(approvalHours), new Date(stepTime()));
  return asked && { remindAt: remindAt(asked)?.toISOString() ?? null, until: asked.until.toISOString() };
}

function first({ approvers, sendAt }: Part): Played {
  const waits = sendAt === null ? 'freezing' : 'scheduled';
  return { state: approvers === null ? waits : 'awaiting_approval', round: -1, question: null, v: 0 };
}
