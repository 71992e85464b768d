/**
 * What `@spop/agent` uses of the codec beyond its public interface. It may change with any release: an agent of your own has
 * all that it needs in `@spop/codec`.
 */
import { type AckRoom, AckWriter } from './ack/ack-writer.ts';
import type { ArgumentTypes, MessageDefinition } from './notify/message-definition.ts';
import type { MessageState, MessageView } from './notify/message-view.ts';
import { MessageSet, Notify } from './notify/notify.ts';

export type { AckRoom } from './ack/ack-writer.ts';

/** A {@link MessageSet} that can be told to report. */
export interface InternalMessageSet extends MessageSet {
  /** Told once of each definition, while a NOTIFY is read, with the names of the arguments that came. */
  onFirst: ((definition: MessageDefinition, names: readonly string[]) => void) | undefined;
}

/** A {@link Notify} whose views can be for one NOTIFY alone. */
export interface InternalNotify extends Notify {
  /** Bytes of memory that the views of all messages take at most, those of earlier frames included. */
  readonly viewBytes: number;
  /** The `index`th declared message, see `viewOf`: both in one look. */
  foundAt(index: number): MessageState;
  /** The view of a message that was found. */
  viewOf(found: MessageState): MessageView<ArgumentTypes>;
  /** From now on to `close` all views are new, and stay closed for ever afterwards. Those that were given out before are closed. */
  beginOneTime(): void;
}

/** An {@link AckWriter} whose ACK can grow beyond its memory, and be put together from parts. */
export interface InternalAckWriter extends AckWriter {
  /** Where the actions begin, from the beginning of the ACK. */
  readonly actionsOffset: number;
  /** Lets the ACK that was begun grow beyond its memory, up to `room.maxAckBytes`. */
  mayGrow(room: AckRoom): void;
  /** Begins actions without a header, and without memory before the first; `takeActions` moves them. */
  beginActions(room: AckRoom): void;
  /** Changes where the actions begin that `reset` takes back and `takeActions` moves. */
  beginActionsAt(offset: number): void;
  /** Moves the actions of another ACK to the end of this one, and returns their length. */
  takeActions(other: InternalAckWriter): number;
  /** Ends an ACK that stands in memory of its own, copies it to `position` of `target` and returns its length. */
  endTo(target: Buffer, position: number): number;
}

export const InternalMessageSet: new (definitions: readonly MessageDefinition[]) => InternalMessageSet = MessageSet;
export const InternalNotify: new (set: MessageSet) => InternalNotify = Notify;
export const InternalAckWriter: new () => InternalAckWriter = AckWriter;
