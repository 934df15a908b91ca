/** A pool as its limit sees it. */
interface Holder {
  /** Connections that are open, being opened or being closed. */
  held(): number;
  /** Connections that it could use now. */
  wanted(): number;
  /** The limit has changed: the pool may open connections, or must close some. */
  limitChanged(): void;
}

/** The limit of one pool. */
export interface HolderLimit {
  /** Connections that the pool may hold now. One that holds more closes each after its mail. */
  most(): number;
  /** The pool holds fewer connections, or could use more. */
  moved(): void;
}

/** Limits the connections of a pool. */
export type ConnectionLimit = (holder: Holder) => HolderLimit;

export function fixedLimit(connections: number): ConnectionLimit {
  return () => ({ most: () => connections, moved: () => undefined });
}

/** The limits of the two pools of a process that share a server. */
export interface SharedLimit {
  readonly bulk: ConnectionLimit;
  readonly transactional: ConnectionLimit;
}

/**
 * Campaigns and messages together never hold more than `all` connections, from 2. Campaigns leave `reserved` of them to
 * messages. Messages also use those that campaigns do not, and give them back when campaigns have mail for them.
 */
export function sharedLimit(all: number, reserved: number): SharedLimit {
  const mostOfCampaigns = all - reserved;
  let campaigns: Holder | undefined;
  let messages: Holder | undefined;
  const mostOfMessages = () => {
    const held = campaigns?.held() ?? 0;
    const wanted = campaigns?.wanted() ?? 0;
    return all - Math.max(held, Math.min(wanted, mostOfCampaigns));
  };
  return {
    bulk: (holder) => {
      campaigns = holder;
      return {
        most: () => Math.min(mostOfCampaigns, all - (messages?.held() ?? 0)),
        moved: () => {
          if (messages === undefined) return;
          const isOver = messages.held() > mostOfMessages();
          if (isOver || messages.wanted() > messages.held()) messages.limitChanged();
        },
      };
    },
    transactional: (holder) => {
      messages = holder;
      return {
        most: mostOfMessages,
        moved: () => {
          if (campaigns !== undefined && campaigns.wanted() > campaigns.held()) campaigns.limitChanged();
        },
      };
    },
  };
}
