import type { ArgumentTypes, MessageDefinition, MessageReader, MessageView } from '@spop/codec';

/** The NOTIFY that a handler answers, beside its message. Valid until the handler settles. */
export interface NotifyContext {
  /** The stream-id; HAProxy's stay below 2^32. */
  readonly streamId: number;
  /** The frame-id: 1, 2, 3 … per stream from HAProxy 3.0 and older, always 1 from later ones. */
  readonly frameId: number;
  /** Which SPOE engine asks, of which HAProxy process; undefined where it did not say. */
  readonly engineId: string | undefined;
  /**
   * Aborts when nobody waits for this handler any more: its deadline passed, it failed, or the connection ended. Made when it
   * is first read, aborted if that is later.
   */
  readonly signal: AbortSignal;
  /**
   * When the NOTIFY is answered at the latest, in ms on the clock of performance.now(): the latest deadline of its handlers.
   * Infinity where one has none, and 0, which is past, once nobody waits for this handler any more. The time runs from when its handlers have
   * returned: within a handler that has not, it is that from now on.
   */
  readonly deadlineAt: number;
  /** Whether nobody waits for this handler any more, see `signal`, or the NOTIFY was answered: nothing that is set now reaches HAProxy. Unlike `signal` it costs nothing. */
  readonly isAnswered: boolean;
  /** The first message of that definition in the same NOTIFY, or undefined: for correlating messages. */
  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined;
  /** A walker over all messages as they came, declared or not. */
  walk(): MessageReader;
}
