import { Key } from '@spop/codec';
import { splitList } from '../data/haproxy-line.ts';
import type { KvFrame } from '../data/model.ts';
import type { TypedData } from '../data/typed-data.ts';

/** The items of a received AGENT-HELLO (SPOE.txt §3.2.5). */
export interface ReceivedAgentHello {
  /** The version as sent, without spaces around it; empty without a STRING of that name. */
  readonly version: string;
  /** The longest frame in bytes, without the length field. */
  readonly maxFrameSize: number;
  /** The names as sent, without spaces; none without a STRING of that name. */
  readonly capabilities: readonly string[];
}

function item(hello: KvFrame, name: string): TypedData | undefined {
  return hello.items.findLast((candidate) => candidate.name === name)?.value;
}

/**
 * Reads an AGENT-HELLO that need not be valid, which `validate` checks. A missing max-frame-size becomes HAProxy's own,
 * `offered`.
 */
export function toAgentHello(hello: KvFrame, offered: number): ReceivedAgentHello {
  const version = item(hello, Key.Version);
  const size = item(hello, Key.MaxFrameSize);
  const capabilities = item(hello, Key.Capabilities);
  return {
    version: version?.type === 'string' ? version.value.trim() : '',
    maxFrameSize: size !== undefined && 'value' in size && /int/.test(size.type) ? Number(size.value) : offered,
    capabilities: capabilities?.type === 'string' ? splitList(capabilities.value) : [],
  };
}
