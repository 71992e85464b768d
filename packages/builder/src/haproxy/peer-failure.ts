/** The kinds of failure between a scripted HAProxy and an agent. */
export type PeerFailureKind =
  /** No frame came in time. */
  | 'timeout'
  /** The agent ended the connection. */
  | 'closed'
  /** The agent sent an AGENT-DISCONNECT. */
  | 'disconnected'
  /** The agent sent bytes that HAProxy would not take. */
  | 'violation'
  /** HAProxy would not send the requested frame. */
  | 'refused';

/**
 * A failure between a scripted HAProxy and an agent, with the whole conversation in its text. It is not a `SpopError`, since no
 * bytes need to be wrong: the agent may just be late.
 */
export class PeerFailure extends Error {
  override readonly name: string = 'PeerFailure';
  readonly kind: PeerFailureKind;
  /** The status code of the agent's AGENT-DISCONNECT; undefined without one. */
  readonly statusCode: number | undefined;

  constructor(kind: PeerFailureKind, text: string, statusCode?: number) {
    super(text);
    this.kind = kind;
    this.statusCode = statusCode;
  }
}
