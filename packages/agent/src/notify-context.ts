import type { ArgumentTypes, MessageDefinition, MessageReader, MessageView } from '@spop/codec';

/** The NOTIFY that a handler answers. Valid until the handler settles. */
export interface NotifyContext {
  /** The stream-id; HAProxy's stay below 2^32. */
  readonly streamId: number;
  /** The frame-id: 1, 2, 3 … per stream from HAProxy 3.0 and older, always 1 from later ones. */
  readonly frameId: number;
  /** The engine-id, which names an SPOE engine of a HAProxy process; undefined when HAProxy sent none. */
  readonly engineId: string | undefined;
  /**
   * The max-frame-size that agent and HAProxy agreed on, in bytes without the length field: about the most that the arguments of a
   * NOTIFY can take together. It is 0 once the handler's answer is no longer used.
   */
  readonly maxFrameSize: number;
  /**
   * Aborts when the handler's answer is no longer used: its deadline passed, it failed, or the connection ended. The signal
   * is made when it is first read, and is aborted from the start if that is too late.
   */
  readonly signal: AbortSignal;
  /**
   * When the NOTIFY is answered at the latest, in ms on the clock of performance.now(): the latest deadline of its handlers.
   * It is Infinity when a handler has no deadline, and 0 once the handler's answer is no longer used. The time starts when
   * all handlers have returned; read before that, this is the deadline as if it started now.
   */
  readonly deadlineAt: number;
  /**
   * Whether actions that are set now are lost: `signal` aborted, or the NOTIFY was answered. Unlike `signal` it allocates
   * nothing.
   */
  readonly isAnswered: boolean;
  /** The first message of `definition` in the same NOTIFY, or undefined: for correlating messages. */
  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined;
  /** A reader of all messages in their order on the wire, declared or not. */
  walk(): MessageReader;
}
