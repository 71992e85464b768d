import type { TypedData } from '../data/typed-data.ts';

/**
 * Why a case is asked: `must` is what SPOE.txt demands, `haproxy` what a release of HAProxy needs although the text does not say
 * it, `hygiene` what keeps an agent alive among peers that are broken or hostile.
 */
export type CaseClass = 'must' | 'haproxy' | 'hygiene';

/** The classes, in the order of reports. */
export const caseClasses: readonly CaseClass[] = ['must', 'haproxy', 'hygiene'];

/** One ACK that must come. */
export interface ExpectedAck {
  readonly streamId: bigint;
  readonly frameId: bigint;
  /** What the contract's variable must hold, NULL where it must not be set; undefined where nobody knows. */
  readonly value: TypedData | undefined;
}

/** One way to be right. */
export type Outcome =
  /** An AGENT-HELLO that HAProxy takes, with a max-frame-size of at most `offered` bytes, then nothing. */
  | { readonly kind: 'hello'; readonly offered: number }
  /** Exactly these ACKs in any order, then nothing, and the connection lives. */
  | { readonly kind: 'acks'; readonly acks: readonly ExpectedAck[] }
  /** An AGENT-DISCONNECT with one of these status codes, and no other frame. */
  | { readonly kind: 'disconnect'; readonly status: readonly number[] }
  /** The agent ends the connection, and sends nothing besides an AGENT-DISCONNECT. */
  | { readonly kind: 'closed' }
  /** No ACK: what else the agent does is its own affair. */
  | { readonly kind: 'no-ack' };

/** What is sent on one connection, and what is right then. */
export interface Script {
  /** Sent first, and its answer awaited; undefined where {@link send} has all there is. */
  readonly hello: Uint8Array | undefined;
  /** Written one by one, 2 ms apart where they are many, else 20 ms. */
  readonly send: readonly Uint8Array[];
  /** Right is any of these; nothing is awaited where there is none. */
  readonly expect: readonly Outcome[];
  /** How the connection ends after sending; it stays open otherwise. */
  readonly ending?: 'reset' | 'half-close';
  /** Every read must end with a frame's end. */
  readonly wholeFrames?: boolean;
  /** Every ACK must have a payload. */
  readonly payload?: boolean;
  /** The agent must end the connection after its last frame. */
  readonly closes?: boolean;
}

/** The capability `pipelining`, a message that echoes its argument, or a max-frame-size as large as HAProxy's. */
export type Need = 'pipelining' | 'echo' | 'large-frames';

/** One demand on an agent. */
export interface Case {
  /** `spop/` and the section of SPOE.txt that it is about, and a name: stable. */
  readonly id: string;
  readonly class: CaseClass;
  readonly title: string;
  /** Where the demand stands: a section, or a source file of HAProxy; of class `haproxy` with the releases that break. */
  readonly source: string;
  /** Played at the same time, each on a connection of its own. */
  readonly scripts: readonly Script[];
  /** What an agent may be without: the case is not asked of one that is. */
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
