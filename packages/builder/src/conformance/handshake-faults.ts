import { Key, SPOP_VERSION } from '@spop/codec';
import type { KvFrame, PlainFrame } from '../data/model.ts';
import { summarize } from '../data/summary.ts';
import type { TypedData } from '../data/typed-data.ts';

/** The least max-frame-size, in bytes (SPOE.txt §3.2). */
const LEAST_FRAME_SIZE = 256;

function item(frame: KvFrame, name: string): TypedData | undefined {
  return frame.items.find((candidate) => candidate.name === name)?.value;
}

function integer(data: TypedData | undefined): number | undefined {
  return data?.type === 'uint32' || data?.type === 'int32' || data?.type === 'uint64' || data?.type === 'int64'
    ? Number(data.value)
    : undefined;
}

/** The status code of an AGENT-DISCONNECT. */
export function statusOf(frame: PlainFrame): number | undefined {
  return frame.type === 'AGENT-DISCONNECT' ? integer(item(frame, Key.StatusCode)) : undefined;
}

/** Why HAProxy would refuse an AGENT-HELLO after it offered this max-frame-size (SPOE.txt §3.2.5); undefined if it would not. */
export function helloFault(frame: PlainFrame, offered: number): string | undefined {
  if (frame.type !== 'AGENT-HELLO') return summarize(frame);
  const fault = headerFault(frame);
  if (fault !== undefined) return fault;
  const version = item(frame, Key.Version);
  if (version?.type !== 'string' || version.value.trim() !== SPOP_VERSION) return `no version 2.0: ${summarize(frame)}`;
  const size = integer(item(frame, Key.MaxFrameSize));
  if (size === undefined || size < LEAST_FRAME_SIZE || size > offered) {
    return `no max-frame-size from ${LEAST_FRAME_SIZE} to ${offered}: ${summarize(frame)}`;
  }
  return item(frame, Key.Capabilities)?.type === 'string' ? undefined : `no capabilities: ${summarize(frame)}`;
}

/** Why an AGENT-DISCONNECT with any status is malformed (SPOE.txt §3.2.9); undefined if it is not. */
export function disconnectFault(frame: PlainFrame): string | undefined {
  if (frame.type !== 'AGENT-DISCONNECT') return summarize(frame);
  const fault = headerFault(frame);
  if (fault !== undefined) return fault;
  return item(frame, Key.Message)?.type === 'string' ? undefined : `no message: ${summarize(frame)}`;
}

/** Why HAProxy would refuse the flags, which have to be FIN alone, or the ids, which have to be 0. */
function headerFault(frame: KvFrame): string | undefined {
  if (frame.flags !== 1) return `${frame.type} with flags ${frame.flags} instead of 1`;
  return frame.streamId === 0n && frame.frameId === 0n ? undefined : `${frame.type} with ids other than 0`;
}
