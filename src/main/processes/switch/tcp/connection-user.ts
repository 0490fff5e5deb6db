export type ConnectionEnd = 'closed' | 'reset' | 'refused' | 'timeout';

/** The other side of a connection: a socket of the host, or a service of the gateway. */
export interface ConnectionUser {
  /** The handshake is complete. */
  opened(): void;
  /** Takes data; a view that is valid until the current call into the gateway returns. */
  data(bytes: Buffer): void;
  /** The guest sends no more. */
  ended(): void;
  /** How many bytes wait to be taken by whoever they are for. */
  backlog(): number;
  /** There is room again after `write` had said that there is none. */
  drained(): void;
  /** It is over; called once, last. */
  closed(how: ConnectionEnd): void;
}
