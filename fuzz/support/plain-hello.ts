/** What HELLO and DISCONNECT mean by the words of SPOE.txt. The builder shows their items, and does not say what they mean. */
import type { Argument, PlainFrame, TypedData } from '@spop/builder';
import { utf8 } from './plain-frames.ts';

function isInteger(value: TypedData): value is TypedData & { readonly value: number | bigint } {
  return ['int32', 'uint32', 'int64', 'uint64'].includes(value.type);
}

/** The items of a control frame of that type, or the code of what is wrong with its beginning. */
function itemsOf(frame: PlainFrame, type: string): readonly Argument[] | string {
  if (!('items' in frame) || !frame.type.endsWith(type)) return 'SPOP_UNEXPECTED_FRAME';
  if ((frame.flags & 1) === 0) return 'SPOP_FRAGMENTED_FRAME';
  return frame.streamId + frame.frameId > 0n ? 'SPOP_UNEXPECTED_FRAME' : frame.items;
}

/**
 * A HELLO by the words of SPOE.txt §3.2.4 and §3.2.5, as the codec gives it; or the code of the first thing that is wrong, in the
 * order of the items.
 */
export function plainHello(frame: PlainFrame, type: 'HAPROXY-HELLO' | 'AGENT-HELLO'): unknown {
  const items = itemsOf(frame, type);
  if (typeof items === 'string') return items;
  const versionKey = type === 'HAPROXY-HELLO' ? 'supported-versions' : 'version';
  const texts = new Map<string, string>();
  let maxFrameSize: number | undefined;
  let healthcheck = false;
  for (const { name, value } of items) {
    if (name === 'healthcheck') {
      if (value.type !== 'bool') return 'SPOP_BAD_ITEM';
      healthcheck = value.value;
    } else if (name === 'max-frame-size') {
      if (!isInteger(value)) return 'SPOP_BAD_ITEM';
      maxFrameSize = Number(value.value);
      if (maxFrameSize < 256 || maxFrameSize > 0xffff_ffff) return 'SPOP_BAD_MAX_FRAME_SIZE';
    } else if (name === versionKey || name === 'capabilities' || name === 'engine-id') {
      if (value.type !== 'string') return 'SPOP_BAD_ITEM';
      texts.set(name, utf8(value.value));
    }
  }
  const version = texts.get(versionKey);
  const list = texts.get('capabilities');
  if (version === undefined) return 'SPOP_NO_VERSION';
  if (maxFrameSize === undefined) return 'SPOP_NO_MAX_FRAME_SIZE';
  if (list === undefined) return 'SPOP_NO_CAPABILITIES';
  const named = list.split(',').map((each) => each.trim());
  const capabilities = named.filter((each) => each !== '');
  return type === 'AGENT-HELLO'
    ? { version, maxFrameSize, capabilities }
    : { supportedVersions: version, maxFrameSize, capabilities, healthcheck, engineId: texts.get('engine-id') };
}

/** A DISCONNECT by the words of SPOE.txt §3.2.8, with the codec's lenience: the last status code and message count. */
export function plainDisconnect(frame: PlainFrame): unknown {
  const items = itemsOf(frame, 'DISCONNECT');
  if (typeof items === 'string') return items;
  const status = items.findLast(({ name, value }) => name === 'status-code' && isInteger(value))?.value;
  const message = items.findLast(({ name }) => name === 'message')?.value;
  return {
    statusCode: status !== undefined && isInteger(status) ? Number(status.value) : 99,
    message: message === undefined || message.type === 'null' ? '' : textOf(message.value),
  };
}

function textOf(value: boolean | number | bigint | string | Uint8Array): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : utf8(String(value));
}
