import { timestamp } from '../../domain/timestamp.js';
import type { Events } from '../../store/events/events.js';
import type { KeyRotation } from '../../store/keys/rotation.js';

export interface KeyReminderDeps {
  readonly keyRotation: Pick<KeyRotation, 'due' | 'recordReminded'>;
  readonly events: Pick<Events, 'append'>;
}

/**
 * Publishes one reminder for each old key. The event is appended before the key is marked; its fixed id makes a repeat
 * harmless.
 */
export async function publishKeyReminders({ keyRotation, events }: KeyReminderDeps): Promise<void> {
  for await (const key of keyRotation.due()) {
    const data = { key: key._id, name: key.name, prefix: key.prefix, created_at: timestamp(key.created_at) };
    await events.append([{ _id: `key:${key._id}:due`, account: key.account, type: 'key.rotation_due', data }]);
    await keyRotation.recordReminded(key);
  }
}
