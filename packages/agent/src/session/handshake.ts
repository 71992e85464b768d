import {
  type AgentHello,
  HAPROXY_MAX_IN_FLIGHT,
  type HaproxyHello,
  LENGTH_BYTES,
  quoteText,
  SPOP_VERSION,
  SpopError,
} from '@spop/codec';

/** The agent's side of the handshake. */
export interface HandshakeOptions {
  /** The longest frame that the agent takes, in bytes without the length field. */
  readonly maxFrameSize: number;
  /** Whether several NOTIFYs may be in flight on a connection. */
  readonly pipelining: boolean;
}

/** The result of the handshake. */
export interface Agreement {
  /** The answer to HAProxy. */
  readonly hello: AgentHello;
  /** Whether HAProxy may send a NOTIFY before the last one is acknowledged. */
  readonly pipelining: boolean;
  /** The longest frame to accept from now on, in bytes without the length field. */
  readonly maxFrameSizeIn: number;
  /** The most bytes of one ACK, its length field included. */
  readonly maxAckBytes: number;
}

/** Room for an AGENT-DISCONNECT after 20 ACKs. */
const DISCONNECT_BYTES = 63;

/** The least that an ACK may take, in bytes, however small HAProxy's buffers are. */
const MIN_ACK_BUDGET = 128;

/** Frames are accepted up to this size in bytes, even if the agent announced a smaller one. */
const MAX_TOLERATED_FRAME_SIZE = 1_048_576;

/** Announced to HAProxy 3.0 and older, which otherwise reconnects without end over a NOTIFY that does not fit. */
const FRAGMENTATION = 'fragmentation';
const PIPELINING = 'pipelining';
/** Only HAProxy 3.0 and older announce it. Never announced back: each ACK goes over the connection that asked. */
const ASYNC = 'async';

/**
 * Answers a HAPROXY-HELLO (SPOE.txt §3.2.4, §3.2.5).
 *
 * @throws {SpopError} SPOP_UNSUPPORTED_VERSION when none of the announced versions includes 2.0.
 */
export function negotiate(hello: HaproxyHello, options: HandshakeOptions): Agreement {
  if (!supportsVersion(hello.supportedVersions)) {
    throw new SpopError(
      'SPOP_UNSUPPORTED_VERSION',
      `expected supported-versions to include ${SPOP_VERSION}; found ${quoteText(hello.supportedVersions)}`,
    );
  }
  const maxFrameSize = Math.min(hello.maxFrameSize, options.maxFrameSize);
  const pipelining = options.pipelining && hello.capabilities.includes(PIPELINING);
  return {
    hello: {
      version: SPOP_VERSION,
      maxFrameSize,
      capabilities: pipelining ? [PIPELINING, FRAGMENTATION] : [FRAGMENTATION],
    },
    pipelining,
    // HAProxy 3.1.0 ignores a smaller size that the agent asks for.
    maxFrameSizeIn: Math.max(maxFrameSize, Math.min(hello.maxFrameSize, MAX_TOLERATED_FRAME_SIZE)),
    maxAckBytes: ackBudget(hello, maxFrameSize, pipelining),
  };
}

/**
 * Whether a list of versions, separated by commas, includes 2.0; spaces are ignored. A minor version includes all before it,
 * so that 2 with any minor includes 2.0 (SPOE.txt §3.2.4).
 */
function supportsVersion(list: string): boolean {
  return list.split(',').some((version) => /^\s*2\.\d+\s*$/.test(version));
}

/**
 * The most bytes of one ACK. HAProxy 3.1 and later stops reading a connection for good once the agent's bytes that wait to be
 * read fill its buffer (max-frame-size and the length field). With pipelining, 20 ACKs and a DISCONNECT together must stay
 * below that; without pipelining, one ACK must. Older releases, known by their `async`, only limit the frame.
 */
function ackBudget(hello: HaproxyHello, maxFrameSize: number, pipelining: boolean): number {
  if (hello.capabilities.includes(ASYNC)) return maxFrameSize + LENGTH_BYTES;
  const readable = hello.maxFrameSize + LENGTH_BYTES - 1;
  const budget = pipelining
    ? Math.max(MIN_ACK_BUDGET, Math.floor((readable - DISCONNECT_BYTES) / HAPROXY_MAX_IN_FLIGHT))
    : readable;
  return Math.min(maxFrameSize + LENGTH_BYTES, budget);
}
