/**
 * What a route may ask of the workflows. Never awaited by an answer: rows say what should be, and the sweep starts
 * whatever a wake-up could not.
 */
export interface Engine {
  /** Start the campaign's workflow, or tell the running one to read its row again. */
  wakeCampaign(id: number): void;
  wakeImport(id: number): void;
  /** Whether Temporal answers right now. */
  reachable(): Promise<boolean>;
}
