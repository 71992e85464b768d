/** A handler's arguments for tests and benchmarks without an agent. */
import { address, FrameReader, type MessageOf, MessageSet, Notify, NotifyWriter, string, binary } from '@spop/codec';
import { challenge } from './messages.ts';

/** Arguments of `challenge`, which has all that the tests need. */
export interface Asked {
  readonly src?: string;
  readonly host?: string;
  /** Sent as `query`: any text as a view. */
  readonly text?: string;
  readonly body?: string;
}

/** Number of calls that leave earlier views open. */
const KEPT = 16;
const set = new MessageSet([challenge]);
const ring = Array.from({ length: KEPT }, () => ({ notify: new Notify(set), bytes: Buffer.alloc(4_096) }));
let calls = 0;

/** Views of these arguments, valid for 15 more calls. */
export function viewsOf({ src, host, text, body }: Asked): MessageOf<typeof challenge> {
  const { notify, bytes } = ring[calls++ % KEPT]!;
  const writer = new NotifyWriter();
  writer.beginNotify(bytes, 0, bytes.length, 1, 1);
  writer.message(challenge.name);
  if (src !== undefined) writer.argument('src', address, src);
  if (host !== undefined) writer.argument('host', string, host);
  if (text !== undefined) writer.argument('query', string, text);
  if (body !== undefined) writer.argument('body', binary, Buffer.from(body, 'latin1'));
  const reader = new FrameReader();
  reader.push(bytes, 0, writer.end());
  const frame = reader.next();
  if (frame !== undefined) notify.read(frame);
  const message = notify.get(challenge);
  if (message === undefined) throw new Error('expected a message');
  return message;
}
