import { Key, MIN_MAX_FRAME_SIZE } from '@spop/codec';
import type { KvFrame } from './model.ts';
import type { TypedData } from './values.ts';

/** What an agent agreed to in its AGENT-HELLO (SPOE.txt §3.2.5). */
export interface AgentHello {
  readonly version: string;
  /** In bytes, without the length field. */
  readonly maxFrameSize: number;
  readonly capabilities: readonly string[];
}

function item(hello: KvFrame, name: string): TypedData | undefined {
  return hello.items.findLast((candidate) => candidate.name === name)?.value;
}

/** The comma-separated words of a list; spaces do not count (SPOE.txt §3.2.4). */
export function splitList(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** What was agreed, or why HAProxy would refuse it; `offered` is HAProxy's max-frame-size in bytes. */
export function toAgentHello(hello: KvFrame, offered: number): AgentHello | string {
  if (hello.flags % 2 === 0) return 'expected an AGENT-HELLO with FIN, got none';
  if (hello.streamId !== 0n || hello.frameId !== 0n) return 'expected an AGENT-HELLO with stream-id 0 and frame-id 0';
  const version = item(hello, Key.Version);
  if (version?.type !== 'string') return 'expected a version of type STRING in the AGENT-HELLO';
  if (version.value.trim() !== '2.0') return `expected version 2.0 in the AGENT-HELLO, got ${version.value}`;
  const size = item(hello, Key.MaxFrameSize);
  if (size === undefined || !('value' in size) || !/^u?int(32|64)$/.test(size.type)) {
    return 'expected an integer max-frame-size in the AGENT-HELLO';
  }
  const maxFrameSize = Number(size.value);
  if (maxFrameSize < MIN_MAX_FRAME_SIZE || maxFrameSize > offered) {
    return `expected a max-frame-size of ${MIN_MAX_FRAME_SIZE} to ${offered} in the AGENT-HELLO, got ${maxFrameSize}`;
  }
  const capabilities = item(hello, Key.Capabilities);
  if (capabilities?.type !== 'string') return 'expected capabilities of type STRING in the AGENT-HELLO';
  return { version: version.value.trim(), maxFrameSize, capabilities: splitList(capabilities.value) };
}
