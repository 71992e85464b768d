import type { TypedData } from '../data/typed-data.ts';

/**
 * The class of a case: `must` for a demand of SPOE.txt, `haproxy` for a need of a HAProxy release that is not in SPOE.txt,
 * `hygiene` for an agent's survival among broken or hostile peers.
 */
export type CaseClass = 'must' | 'haproxy' | 'hygiene';

/** The classes, in the order of reports. */
export const caseClasses: readonly CaseClass[] = ['must', 'haproxy', 'hygiene'];

/** One ACK that must come. */
export interface ExpectedAck {
  readonly streamId: bigint;
  readonly frameId: bigint;
  /** The value of the contract's variable, NULL if it must not be set; undefined if the answers are not known. */
  readonly value: TypedData | undefined;
}

/** One correct behaviour. */
export type Outcome =
  /** An AGENT-HELLO that HAProxy takes, with a max-frame-size of at most `offered` bytes, then nothing. */
  | { readonly kind: 'hello'; readonly offered: number }
  /** Exactly these ACKs in any order, then nothing, and the connection stays open. */
  | { readonly kind: 'acks'; readonly acks: readonly ExpectedAck[] }
  /** An AGENT-DISCONNECT with one of these status codes, and no other frame. */
  | { readonly kind: 'disconnect'; readonly status: readonly number[] }
  /** The agent ends the connection, and sends nothing besides an AGENT-DISCONNECT. */
  | { readonly kind: 'closed' }
  /** No ACK; the agent may do anything else. */
  | { readonly kind: 'no-ack' };

/** The bytes sent on one connection, and the correct behaviours. */
export interface Script {
  /** The HELLO, sent first, whose answer is awaited; undefined if {@link send} has all bytes. */
  readonly hello: Uint8Array | undefined;
  /** Written one by one: 20 ms apart if they are three or fewer, else 2 ms. */
  readonly send: readonly Uint8Array[];
  /** Any of these is correct; if there is none, no answer is awaited. */
  readonly expect: readonly Outcome[];
  /** How the connection ends after sending; it stays open by default. */
  readonly ending?: 'reset' | 'half-close';
  /** Whether each read must end with the end of a frame. */
  readonly wholeFrames?: boolean;
  /** Whether each ACK must have a payload. */
  readonly payload?: boolean;
  /** Whether the agent must end the connection after its last frame. */
  readonly closes?: boolean;
}

/** Needs of a case: the capability `pipelining`, a message that echoes its argument, or a max-frame-size as large as HAProxy's. */
export type Need = 'pipelining' | 'echo' | 'large-frames';

/** One demand on an agent. */
export interface Case {
  /** The stable id: `spop/`, the section of SPOE.txt that it is about, and a name. */
  readonly id: string;
  readonly class: CaseClass;
  readonly title: string;
  /** The source of the demand: a section, or a source file of HAProxy; for the class `haproxy` with the releases that need it. */
  readonly source: string;
  /** The scripts, played at the same time, each on a connection of its own. */
  readonly scripts: readonly Script[];
  /** A feature that an agent need not have; the case is skipped for an agent without it. */
  readonly needs?: Need;
}

/** An outcome in words. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'hello':
      return `an AGENT-HELLO with a max-frame-size of 256 to ${outcome.offered}, and nothing after it`;
    case 'acks': {
      const ids = outcome.acks.slice(0, 3).map(({ streamId, frameId }) => `${streamId}:${frameId}`);
      const more = outcome.acks.length - ids.length;
      return `ACK ${ids.join(', ')}${more > 0 ? ` and ${more} more` : ''}, and a connection that lives on`;
    }
    case 'disconnect':
      return `an AGENT-DISCONNECT with status ${outcome.status.length > 10 ? '1 to 99' : outcome.status.join(' or ')}`;
    case 'closed':
      return 'the end of the connection, without an ACK';
    case 'no-ack':
      return 'no ACK';
  }
}
