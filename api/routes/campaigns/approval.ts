import { type Approval, DEFAULT_HOURS, needsApproval, newApproval } from '../../../domain/campaign/approval.js';
import { Failure } from '../../../domain/errors.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Api } from '../../api.js';
import { Data, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { ApprovalDecision, CampaignView } from './schema.js';
import { campaignRefOf, steerAndNotify } from './update.js';
import { respondWithCampaign } from './view.js';

/** Decisions on behalf of the approvers, through the API. */
export function campaignApproval(app: Api, deps: Deps): void {
  for (const [action, summary] of [
    ['approve', 'Approve a campaign'],
    ['reject', 'Reject a campaign; it becomes a draft again'],
  ] as const) {
    const response = { 200: Data(CampaignView), ...refusals };
    const schema = { tags: ['Campaigns'], summary, params: IdPath, body: ApprovalDecision, response };
    app.post(`/campaigns/:id/${action}`, { schema }, async (request, reply) => {
      const { comment = null, revision, letter } = request.body;
      const steering = { action, review: { member: null, comment } };
      const { row } = await steerAndNotify(deps, campaignRefOf(request), steering, (seen) => {
        if (revision !== undefined && revision !== seen.revision) throw new Failure('changed_meanwhile');
        if (action === 'approve') demandLetter(seen, letter);
      });
      return respondWithCampaign(deps, reply, row);
    });
  }
}

/** An approval is for one letter: the letter must be rendered, and be the one that the caller read. */
function demandLetter({ rendered = null }: Pick<Campaign, 'rendered'>, read: string | undefined): void {
  if (rendered === null)
    throw new Failure('busy', undefined, 'The letter is still being rendered; try again in a moment.');
  if (read !== undefined && read !== rendered) throw new Failure('changed_meanwhile');
}

interface ApprovalRequest {
  readonly approval?: boolean | undefined;
  readonly approval_expires_hours?: number | undefined;
}

/** The approval that a request asks for; undefined: the request does not mention it. */
export function requestedApproval(
  { approval, approval_expires_hours: hours }: ApprovalRequest,
  before?: Approval | null,
) {
  if (approval === undefined && hours === undefined) return undefined;
  if (!(approval ?? before != null)) return null;
  return { ...(before ?? newApproval(DEFAULT_HOURS)), ...(hours !== undefined && { hours }) };
}

/** Refuses a campaign that needs approval in an account without approvers: it would never be sent. */
export async function demandApprovers(
  { members }: Pick<Deps, 'members'>,
  row: Pick<Campaign, 'account' | 'approval'> & Partial<Pick<Campaign, 'launch' | 'revision'>>,
): Promise<void> {
  const { launch = 0, revision = 0 } = row;
  if (!needsApproval({ ...row, launch, revision })) return;
  if ((await members.approvers(row.account)).length === 0) throw new Failure('no_approvers');
}
