export { campaign } from './campaign.js';
export { campaignLane } from './campaign-lane.js';
export { confirmation } from './confirmation.js';
export { draft } from './draft.js';
export { housekeeping } from './housekeeping.js';
export { message } from './message.js';
export { subscriberImport } from './subscriber-import.js';
export { webhookEndpoint } from './webhook-endpoint.js';
