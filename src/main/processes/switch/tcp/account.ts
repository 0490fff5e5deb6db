import type { TcpConnection } from './connection';

/**
 * Bounds on what guests can make us hold. Beyond them a SYN is not answered, as on a busy server. They are counted by the
 * card that a guest has on the switch: its addresses are what it likes.
 */
export const maxConnections = 16_384;
export const maxConnectionsPerCard = 4096;
/** So many a card may have whatever the others have. */
export const sharePerCard = 256;
/** Connections of one card whose host has not answered yet. */
export const maxWaitingPerCard = 256;

/** What waits in one direction of one connection, in bytes: as much as a fast one needs, and at least so much. */
export const mostCapacity = 1024 * 1024;
const leastCapacity = 16 * 1024;
/** What waits in one direction of all connections of a card, about. */
const budget = 32 * 1024 * 1024;

/** The connections of one card, or those that come from this computer. */
export class Account {
  private readonly connections = new Set<TcpConnection>();
  /** Those that were waiting when they were last looked at, and the ones that have come since. */
  private readonly waiting = new Set<TcpConnection>();

  get size(): number {
    return this.connections.size;
  }

  /** How much each connection may have waiting in each direction, in bytes: the less the more there are. */
  get capacity(): number {
    return Math.min(Math.max(Math.floor(budget / (this.size + 1)), leastCapacity), mostCapacity);
  }

  add(connection: TcpConnection, isAsking: boolean): void {
    this.connections.add(connection);
    if (isAsking) this.waiting.add(connection);
  }

  remove(connection: TcpConnection): void {
    this.connections.delete(connection);
    this.waiting.delete(connection);
  }

  /**
   * Whether there is room for one more. A connection that is only kept in case its last segment was lost makes room.
   *
   * @param all connections of all cards
   */
  hasRoom(all: number): boolean {
    const isFull = this.size >= maxConnectionsPerCard || (all >= maxConnections && this.size >= sharePerCard);
    if (isFull && !this.forgetOver()) return false;
    if (this.waiting.size < maxWaitingPerCard) return true;
    for (const connection of this.waiting) if (!connection.isWaiting) this.waiting.delete(connection);
    return this.waiting.size < maxWaitingPerCard;
  }

  private forgetOver(): boolean {
    for (const connection of this.connections) {
      if (!connection.isOver) continue;
      connection.forget();
      return true;
    }
    return false;
  }
}
