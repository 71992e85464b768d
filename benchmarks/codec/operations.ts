/** Operations on one NOTIFY that is declared, for the cases. */
import {
  type ArgumentTypes,
  FrameReader,
  type MessageDefinition,
  MessageSet,
  type MessageView,
  Notify,
} from '@spop/codec';
import type { Operation } from '../harness/operation.ts';
import { frameOf } from './frames.ts';

/** Reads the NOTIFY of the chunk, takes its message to pieces, and closes it. */
export function fromChunk<Args extends ArgumentTypes>(
  chunk: Buffer,
  definition: MessageDefinition<Args>,
  use: (message: MessageView<Args>) => number,
): Operation {
  const reader = new FrameReader();
  const notify = new Notify(new MessageSet([definition]));
  return () => {
    reader.push(chunk);
    notify.read(reader.next()!);
    const sum = use(notify.get(definition)!);
    notify.close();
    return sum;
  };
}

/** The same from the frame on. */
export function fromFrame<Args extends ArgumentTypes>(
  bytes: Buffer,
  definition: MessageDefinition<Args>,
  use: (message: MessageView<Args>) => number,
): Operation {
  const frame = frameOf(bytes);
  const notify = new Notify(new MessageSet([definition]));
  return () => {
    notify.read(frame);
    const sum = use(notify.get(definition)!);
    notify.close();
    return sum;
  };
}

/** The message of a NOTIFY that stays open. */
export function openMessage<Args extends ArgumentTypes>(
  bytes: Buffer,
  definition: MessageDefinition<Args>,
): MessageView<Args> {
  const notify = new Notify(new MessageSet([definition]));
  notify.read(frameOf(bytes));
  return notify.get(definition)!;
}
