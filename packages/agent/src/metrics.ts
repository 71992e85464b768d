/** Counters of an agent since its start. */
export class Metrics {
  /** Connections that completed their handshake. */
  connections: number = 0;
  /** Health checks answered. */
  healthchecks: number = 0;
  /** NOTIFYs handed to handlers. */
  notifies: number = 0;
  /** Handlers that threw or rejected. */
  handlerErrors: number = 0;
  /** NOTIFYs answered by their deadline. */
  timeouts: number = 0;
  /** Handlers that settled after their NOTIFY was answered or its connection ended. */
  lateAnswers: number = 0;
  /** Connections ended for a peer's error. */
  protocolErrors: number = 0;
  /** Fragmented NOTIFYs above the cap. */
  tooBig: number = 0;
  /** Connections refused for maxConnections. */
  refusedConnections: number = 0;
}
