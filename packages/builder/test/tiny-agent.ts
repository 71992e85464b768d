import type { Duplex } from 'node:stream';
import {
  ack,
  agentDisconnect,
  agentHello,
  parseStream,
  type AckBuilder,
  type BytesInput,
  type NotifyFrame,
  type PlainFrame,
  type StreamHandler,
} from '../src/index.ts';
import { concat } from '../src/data/text.ts';

/** The answer of a tiny agent to a frame: frames, right or wrong, in one write. */
export type Answer = (frame: PlainFrame, stream: Duplex) => BytesInput[];

/** The answers of a correct agent. `decide` adds the actions. */
export function politely(decide: (notify: NotifyFrame, empty: AckBuilder) => AckBuilder = (_, empty) => empty): Answer {
  return (frame, stream) => {
    if (frame.type === 'HAPROXY-HELLO') return [agentHello({ capabilities: 'pipelining' })];
    if (frame.type === 'NOTIFY') return [decide(frame, ack({ streamId: frame.streamId, frameId: frame.frameId }))];
    if (frame.type !== 'HAPROXY-DISCONNECT') return [];
    setImmediate(() => stream.end());
    return [agentDisconnect()];
  };
}

/** A small agent, enough for the other side of a scripted HAProxy. */
export function tinyAgent(answer: Answer): StreamHandler {
  return {
    handle(stream) {
      let buffered: Uint8Array = new Uint8Array(0);
      stream.on('error', () => stream.destroy());
      stream.on('end', () => stream.end());
      stream.on('data', (chunk: Uint8Array) => {
        buffered = concat([buffered, chunk]);
        const { frames, consumed } = parseStream(buffered);
        buffered = buffered.slice(consumed);
        const answers = frames.flatMap((frame) => answer(frame, stream));
        if (answers.length > 0)
          stream.write(concat(answers.map((piece) => ('toBytes' in piece ? piece.toBytes() : piece))));
      });
    },
  };
}
