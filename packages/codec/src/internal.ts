/**
 * The parts of the codec that only `@spop/agent` uses. They may change with any release; `@spop/codec` has all that an agent of
 * your own needs.
 */
import { type AckRoom, AckWriter } from './ack/ack-writer.ts';
import type { ArgumentTypes, MessageDefinition } from './notify/message-definition.ts';
import type { MessageState, MessageView } from './notify/message-view.ts';
import { MessageSet, Notify } from './notify/notify.ts';

export type { AckRoom } from './ack/ack-writer.ts';

/** A {@link MessageSet} that reports the first message of each definition. */
export interface InternalMessageSet extends MessageSet {
  /** Called once for each definition, while a NOTIFY is read, with the names of the arguments that came. */
  onFirst: ((definition: MessageDefinition, names: readonly string[]) => void) | undefined;
}

/** A {@link Notify} that can make views for one NOTIFY alone. */
export interface InternalNotify extends Notify {
  /** The most bytes of memory that the views of all messages hold, those of earlier frames included. */
  readonly viewBytes: number;
  /** The state of the `index`th declared message, for `viewOf`. */
  foundAt(index: number): MessageState;
  /** The view of a message that was found. */
  viewOf(found: MessageState): MessageView<ArgumentTypes>;
  /** Until `close` all views are new, and stay closed for ever afterwards. Earlier views are closed now. */
  beginOneTime(): void;
}

/** An {@link AckWriter} whose ACK can grow beyond its memory, and take the actions of others. */
export interface InternalAckWriter extends AckWriter {
  /** Offset of the actions from the beginning of the ACK. */
  readonly actionsOffset: number;
  /** Lets the ACK grow beyond its memory, up to `room.maxAckBytes`. */
  mayGrow(room: AckRoom): void;
  /** Begins actions without a header, and without memory before the first action; `takeActions` moves them. */
  beginActions(room: AckRoom): void;
  /** Sets the offset of the actions that `reset` drops and `takeActions` moves. */
  beginActionsAt(offset: number): void;
  /** Moves the actions of another ACK to the end of this one, and returns their length. */
  takeActions(other: InternalAckWriter): number;
  /** Ends an ACK that has memory of its own, copies it to `position` of `target`, and returns its length in bytes. */
  endTo(target: Buffer, position: number): number;
}

export const InternalMessageSet: new (definitions: readonly MessageDefinition[]) => InternalMessageSet = MessageSet;
export const InternalNotify: new (set: MessageSet) => InternalNotify = Notify;
export const InternalAckWriter: new () => InternalAckWriter = AckWriter;
