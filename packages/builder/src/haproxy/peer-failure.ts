/** What went wrong between a scripted HAProxy and an agent. */
export type PeerFailureKind =
  /** Nothing came in time. */
  | 'timeout'
  /** The agent ended the connection. */
  | 'closed'
  /** The agent sent an AGENT-DISCONNECT. */
  | 'disconnected'
  /** The agent sent something that HAProxy would not take. */
  | 'violation'
  /** HAProxy would not send what was asked for. */
  | 'refused';

/**
 * Why a scripted HAProxy gave up on an agent: a test's failure, with the whole conversation in its text. It is no
 * `SpopError`, because nobody's bytes need to be wrong: an agent may just be late.
 */
export class PeerFailure extends Error {
  override readonly name: string = 'PeerFailure';
  readonly kind: PeerFailureKind;
  /** The status code of the AGENT-DISCONNECT, where the agent sent one. */
  readonly statusCode: number | undefined;

  constructor(kind: PeerFailureKind, text: string, statusCode?: number) {
    super(text);
    this.kind = kind;
    this.statusCode = statusCode;
  }
}
