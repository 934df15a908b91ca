import { condition, type SignalDefinition, setHandler } from '@temporalio/workflow';

/** Listens for the signal that the row of a workflow has changed. */
export function listenForChanges(signal: SignalDefinition, description: string) {
  let changed = false;
  const onSignal = () => {
    changed = true;
  };
  const acknowledge = (): boolean => {
    const wasChanged = changed;
    changed = false;
    return wasChanged;
  };
  setHandler(signal, onSignal, { description });
  return {
    /** Waits until the row changes, `ms` milliseconds at most. Returns whether it changed since the last call. */
    within: async (ms: number): Promise<boolean> => {
      await condition(() => changed, Math.max(1, ms));
      return acknowledge();
    },
    /** Whether the row changed since the last call, without waiting. */
    acknowledge,
  };
}
