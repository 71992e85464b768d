import {
  type AgentHello,
  FrameType,
  FrameWriter,
  type Status,
  writeAgentHello,
  writeDisconnect as writeDisconnectFrame,
} from '@spop/codec';
import type { Output } from '../output.ts';

/** The most bytes that an AGENT-HELLO or AGENT-DISCONNECT of this agent takes. */
const MAX_FRAME_BYTES = 256;
/** The most bytes of an AGENT-DISCONNECT's message, which leaves room for the rest of the frame. */
const MAX_MESSAGE_BYTES = 192;

/** Appends an AGENT-HELLO to the output. */
export function appendHello(output: Output, hello: AgentHello): void {
  const buffer = output.reserve(MAX_FRAME_BYTES);
  output.commit(writeAgentHello(new FrameWriter(), buffer, output.length, buffer.length, hello));
}

/** Appends an AGENT-DISCONNECT to the output, with the first 192 bytes of `message`. */
export function appendDisconnect(output: Output, statusCode: Status, message: string): void {
  const buffer = output.reserve(MAX_FRAME_BYTES);
  output.commit(writeDisconnect(buffer, output.length, statusCode, message));
}

/** A single AGENT-DISCONNECT, for a connection that gets no session. */
export function toDisconnectBytes(statusCode: Status, message: string): Buffer {
  const bytes = Buffer.alloc(MAX_FRAME_BYTES);
  return bytes.subarray(0, writeDisconnect(bytes, 0, statusCode, message));
}

function writeDisconnect(bytes: Buffer, start: number, statusCode: Status, message: string): number {
  return writeDisconnectFrame(new FrameWriter(), bytes, start, bytes.length, FrameType.AgentDisconnect, {
    statusCode,
    message: Buffer.from(message).subarray(0, MAX_MESSAGE_BYTES).toString(),
  });
}
