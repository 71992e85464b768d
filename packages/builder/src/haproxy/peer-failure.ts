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
  /** Always `PeerFailure`, as the name of its class. */
  override readonly name: string = 'PeerFailure';
  /** What went wrong, for programs; `message` says it to people. */
  readonly kind: PeerFailureKind;
  /** The status code of the agent's AGENT-DISCONNECT; undefined without one. */
  readonly statusCode: number | undefined;

  constructor(kind: PeerFailureKind, text: string, statusCode?: number) {
    super(text);
    this.kind = kind;
    this.statusCode = statusCode;
  }
}
