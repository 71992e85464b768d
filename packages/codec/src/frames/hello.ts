import { DataType, FrameType, Key, MIN_MAX_FRAME_SIZE } from '../constants.ts';
import { SpopError, type SpopErrorCode } from '../errors.ts';
import { bool, string, uint32 } from '../values/value-type.ts';
import type { Value } from '../values/value-views.ts';
import { dataTypeName } from '../wire/typed-data.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Frame } from './frame.ts';
import { KvListReader } from './kv-list.ts';

/** The items of a HAPROXY-HELLO (SPOE.txt §3.2.4). */
export interface HaproxyHello {
  /** The versions as they were sent: `'2.0'`, or a comma-separated list. */
  readonly supportedVersions: string;
  /** The longest frame in bytes without the length field, 256 to 2^32 - 1. */
  readonly maxFrameSize: number;
  /** The names without spaces: `['pipelining', 'async']`. */
  readonly capabilities: readonly string[];
  /** Whether this is a health check, which ends with the AGENT-HELLO. */
  readonly healthcheck: boolean;
  /** Identifies the SPOE engine of one HAProxy process; health checks have none. */
  readonly engineId: string | undefined;
}

/** The items of an AGENT-HELLO (SPOE.txt §3.2.5). */
export interface AgentHello {
  /** `'2.0'`. */
  readonly version: string;
  /** The longest frame in bytes without the length field, from 256 to the size that HAProxy announced. */
  readonly maxFrameSize: number;
  /** The names without spaces, unknown ones included: `['pipelining']`. */
  readonly capabilities: readonly string[];
}

/** The items for {@link writeHaproxyHello}; the healthcheck item is only written when it is true, as HAProxy does. */
export type HaproxyHelloInit = Omit<HaproxyHello, 'healthcheck' | 'engineId'> &
  Partial<Pick<HaproxyHello, 'healthcheck' | 'engineId'>>;

interface HelloItems {
  versions: string | undefined;
  maxFrameSize: number | undefined;
  capabilities: readonly string[] | undefined;
  healthcheck: boolean;
  engineId: string | undefined;
}

/**
 * Reads a HAPROXY-HELLO. Items may come in any order. Unknown items are skipped; of items with one name the last one counts.
 *
 * @throws {SpopError} SPOP_NO_VERSION, SPOP_NO_MAX_FRAME_SIZE, SPOP_NO_CAPABILITIES, SPOP_BAD_MAX_FRAME_SIZE below 256,
 * SPOP_BAD_ITEM for an item of a wrong type; SPOP_UNEXPECTED_FRAME or SPOP_FRAGMENTED_FRAME for a frame that is not a
 * HAPROXY-HELLO with FIN and both ids 0; the codes of a malformed KV-list.
 */
export function toHaproxyHello(frame: Frame): HaproxyHello {
  const items = toItems(frame, FrameType.HaproxyHello, Key.SupportedVersions);
  return {
    supportedVersions: required(items.versions, 'SPOP_NO_VERSION', Key.SupportedVersions),
    maxFrameSize: required(items.maxFrameSize, 'SPOP_NO_MAX_FRAME_SIZE', Key.MaxFrameSize),
    capabilities: required(items.capabilities, 'SPOP_NO_CAPABILITIES', Key.Capabilities),
    healthcheck: items.healthcheck,
    engineId: items.engineId,
  };
}

/** Reads an AGENT-HELLO. @throws {SpopError} as {@link toHaproxyHello}. */
export function toAgentHello(frame: Frame): AgentHello {
  const items = toItems(frame, FrameType.AgentHello, Key.Version);
  return {
    version: required(items.versions, 'SPOP_NO_VERSION', Key.Version),
    maxFrameSize: required(items.maxFrameSize, 'SPOP_NO_MAX_FRAME_SIZE', Key.MaxFrameSize),
    capabilities: required(items.capabilities, 'SPOP_NO_CAPABILITIES', Key.Capabilities),
  };
}

/** Writes a HAPROXY-HELLO, with its items in HAProxy's order, and returns the offset after it. */
export function writeHaproxyHello(
  writer: FrameWriter,
  bytes: Buffer,
  position: number,
  limit: number,
  hello: HaproxyHelloInit,
): number {
  writer.begin(bytes, position, limit, FrameType.HaproxyHello);
  writer.item(Key.SupportedVersions, string, hello.supportedVersions);
  writer.item(Key.MaxFrameSize, uint32, hello.maxFrameSize);
  writer.item(Key.Capabilities, string, hello.capabilities.join(','));
  if (hello.engineId !== undefined) writer.item(Key.EngineId, string, hello.engineId);
  if (hello.healthcheck === true) writer.item(Key.Healthcheck, bool, true);
  return writer.end();
}

/** Writes an AGENT-HELLO and returns the offset after it. HAProxy 3.2 and later needs it in one segment. */
export function writeAgentHello(
  writer: FrameWriter,
  bytes: Buffer,
  position: number,
  limit: number,
  hello: AgentHello,
): number {
  writer.begin(bytes, position, limit, FrameType.AgentHello);
  writer.item(Key.Version, string, hello.version);
  writer.item(Key.MaxFrameSize, uint32, hello.maxFrameSize);
  writer.item(Key.Capabilities, string, hello.capabilities.join(','));
  return writer.end();
}

function toItems(frame: Frame, type: FrameType, versionKey: string): HelloItems {
  checkControlFrame(frame, type);
  const items: HelloItems = {
    versions: undefined,
    maxFrameSize: undefined,
    capabilities: undefined,
    healthcheck: false,
    engineId: undefined,
  };
  const list = new KvListReader();
  list.read(frame);
  while (list.next()) {
    const key = list.name.toString();
    switch (key) {
      case versionKey:
        items.versions = toText(key, list.value);
        break;
      case Key.MaxFrameSize:
        items.maxFrameSize = toMaxFrameSize(key, list.value);
        break;
      case Key.Capabilities:
        items.capabilities = toCapabilities(toText(key, list.value));
        break;
      case Key.Healthcheck:
        if (list.value.type !== DataType.Bool) throw invalidItem(key, 'BOOL', list.value);
        items.healthcheck = list.value.boolean;
        break;
      case Key.EngineId:
        items.engineId = toText(key, list.value);
        break;
      default:
    }
  }
  return items;
}

/** Checks that a HELLO or DISCONNECT has its type, FIN, and both ids 0 (SPOE.txt §3.2.4, §3.2.8). */
export function checkControlFrame(frame: Frame, type: FrameType): void {
  if (frame.type !== type) {
    throw new SpopError('SPOP_UNEXPECTED_FRAME', `expected a frame of type ${type}; found type ${frame.type}`, 4);
  }
  if (!frame.fin) {
    throw new SpopError(
      'SPOP_FRAGMENTED_FRAME',
      `expected a frame of type ${type} with FIN; found flags ${frame.flags}`,
      5,
    );
  }
  if (frame.toStreamId() !== 0n || frame.toFrameId() !== 0n) {
    throw new SpopError(
      'SPOP_UNEXPECTED_FRAME',
      `expected stream-id 0 and frame-id 0 in a frame of type ${type}; found ${frame.toStreamId()} and ${frame.toFrameId()}`,
      9,
    );
  }
}

function toText(key: string, value: Value): string {
  if (value.type !== DataType.String) throw invalidItem(key, 'STRING', value);
  return value.toString();
}

/** Accepts all four integer types, as HAProxy does (src/flt_spoe.c). */
function toMaxFrameSize(key: string, value: Value): number {
  if (value.type < DataType.Int32 || value.type > DataType.Uint64) throw invalidItem(key, 'UINT32', value);
  const size = value.toBigInt();
  if (size < BigInt(MIN_MAX_FRAME_SIZE) || size > 0xffff_ffffn) {
    throw new SpopError(
      'SPOP_BAD_MAX_FRAME_SIZE',
      `expected a max-frame-size from ${MIN_MAX_FRAME_SIZE} to 2^32 - 1 bytes; found ${size}`,
      value.offset,
    );
  }
  return Number(size);
}

function toCapabilities(list: string): readonly string[] {
  return list
    .split(',')
    .map((capability) => capability.trim())
    .filter((capability) => capability !== '');
}

function required<T>(value: T | undefined, code: SpopErrorCode, key: string): T {
  if (value === undefined) throw new SpopError(code, `expected an item '${key}' in the HELLO; found none`);
  return value;
}

function invalidItem(key: string, expected: string, value: Value): SpopError {
  return new SpopError(
    'SPOP_BAD_ITEM',
    `expected item '${key}' to be a ${expected}; found ${dataTypeName(value.type)}`,
    value.offset,
  );
}
