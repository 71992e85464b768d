import { FrameType, SpopError } from '@spop/codec';

/**
 * The state of a connection (SPOE.txt §3.2.3). Reading and writing have one state, since SPOP closes both ways at once.
 *
 *                     HAPROXY-HELLO / AGENT-HELLO
 *      +----------------+                    +---------+   NOTIFY / ACK
 *      | awaiting-hello | -----------------> |  ready  | <----+
 *      +----------------+                    +---------+ -----+
 *         |          |                         |     |
 *         |          | health check /          |     | agent closes
 *         |          | AGENT-HELLO             |     v
 *         |          |                         |  +----------+  answers what is in flight, or one more NOTIFY,
 *         |          |                         |  | draining |  and leaves with that ACK; or when it is quiet
 *         |          |                         |  +----------+  (drain.ts)
 *         |          |                         |     |
 *         |          v                         v     v
 *         |     +---------------------------------------+
 *         +---> |                leaving                |  AGENT-DISCONNECT was written (not after a health check):
 *   error, or   +---------------------------------------+  reads on until the peer closes, and ignores all of it
 *   HAPROXY-DISCONNECT            |
 *                                 v  end of stream, reset, or lingered too long
 *                            +---------+
 *                            | closed  |
 *                            +---------+
 */
export type ConnectionState = 'awaiting-hello' | 'ready' | 'draining' | 'leaving' | 'closed';

/** The steps that move a connection from one state to another. */
export type Step = 'hello' | 'healthcheck' | 'drain' | 'disconnect' | 'close';

const TRANSITIONS: Readonly<Record<Step, Partial<Readonly<Record<ConnectionState, ConnectionState>>>>> = {
  hello: { 'awaiting-hello': 'ready' },
  healthcheck: { 'awaiting-hello': 'leaving' },
  drain: { ready: 'draining' },
  disconnect: { 'awaiting-hello': 'leaving', ready: 'leaving', draining: 'leaving' },
  close: { 'awaiting-hello': 'closed', ready: 'closed', draining: 'closed', leaving: 'closed' },
};

/**
 * The state after `step`: the AGENT-HELLO was written, to HAProxy or to its health check; the agent closes; the
 * AGENT-DISCONNECT was written; or the stream has closed. A step without a transition from `state` returns `state`.
 */
export function stateAfter(state: ConnectionState, step: Step): ConnectionState {
  return TRANSITIONS[step][state] ?? state;
}

/** How a connection reacts to a frame. */
export type Reaction = 'handshake' | 'notify' | 'continuation' | 'disconnect' | 'ignore';

/**
 * The reaction to a frame of type `type` in `state`. After the handshake unknown types are ignored, as the specification
 * allows (SPOE.txt §3.2.2). Before the handshake they are errors: such a peer does not speak SPOP.
 *
 * @throws {SpopError} SPOP_UNEXPECTED_FRAME for a type that HAProxy never sends in that state.
 */
export function reactionTo(state: ConnectionState, type: number): Reaction {
  if (state === 'leaving' || state === 'closed') return 'ignore';
  if (type === FrameType.HaproxyDisconnect) return 'disconnect';
  if (state === 'awaiting-hello') {
    if (type === FrameType.HaproxyHello) return 'handshake';
    throw unexpected(type, 'a HAPROXY-HELLO (type 1) first');
  }
  switch (type) {
    case FrameType.Notify:
      return 'notify';
    case FrameType.Unset:
      return 'continuation';
    case FrameType.HaproxyHello:
      throw unexpected(type, 'one HAPROXY-HELLO per connection');
    case FrameType.AgentHello:
    case FrameType.AgentDisconnect:
    case FrameType.Ack:
      throw unexpected(type, 'a frame that HAProxy sends (types 0 to 3), not one of an agent');
    default:
      return 'ignore';
  }
}

function unexpected(type: number, expected: string): SpopError {
  return new SpopError('SPOP_UNEXPECTED_FRAME', `expected ${expected}; found a frame of type ${type}`, 4);
}
