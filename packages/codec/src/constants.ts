/** The numbers and keys of SPOP 2.0. Names follow SPOE.txt §3. */

/** Frame types (SPOE.txt §3.2.2). HAProxy sends 0 to 3, an agent 101 to 103. */
export const FrameType = {
  /** Continuation of a fragmented NOTIFY; HAProxy 3.0 and older only. */
  Unset: 0,
  HaproxyHello: 1,
  HaproxyDisconnect: 2,
  Notify: 3,
  AgentHello: 101,
  AgentDisconnect: 102,
  Ack: 103,
} as const;
/** One of the frame types, as a number. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Bits of a frame's FLAGS field (SPOE.txt §3.2); the other bits are reserved and ignored. */
export const FrameFlag = {
  /** The last (or only) fragment of a payload. */
  Fin: 1,
  /** HAProxy gives up the fragmented NOTIFY that it began. */
  Abort: 2,
} as const;
/** One of the bits of a FLAGS field, as a number. */
export type FrameFlag = (typeof FrameFlag)[keyof typeof FrameFlag];

/**
 * Types of typed data (SPOE.txt §3.1): the low four bits of the first byte, although the specification draws them first.
 * The high four bits are flags. 10 to 15 are reserved.
 */
export const DataType = {
  Null: 0,
  Bool: 1,
  Int32: 2,
  Uint32: 3,
  Int64: 4,
  Uint64: 5,
  Ipv4: 6,
  Ipv6: 7,
  String: 8,
  Binary: 9,
} as const;
/** One of the types of typed data, as a number. */
export type DataType = (typeof DataType)[keyof typeof DataType];

/** Action types of an ACK (SPOE.txt §3.4). */
export const ActionType = {
  SetVar: 1,
  UnsetVar: 2,
} as const;
/** One of the action types, as a number. */
export type ActionType = (typeof ActionType)[keyof typeof ActionType];

/** Variable scopes on the wire (SPOE.txt §3.4), by their names in HAProxy's configuration. */
export const Scope = {
  proc: 0,
  sess: 1,
  txn: 2,
  req: 3,
  res: 4,
} as const;
/** A variable scope by name: `'proc'`, `'sess'`, `'txn'`, `'req'` or `'res'`. */
export type ScopeName = keyof typeof Scope;

/** Every scope's name, by its number on the wire. */
export const SCOPE_NAMES: readonly ScopeName[] = ['proc', 'sess', 'txn', 'req', 'res'];

/** Status codes of a DISCONNECT (SPOE.txt §3.5). Never send one above 99: HAProxy 3.1 indexes a table with it. */
export const Status = {
  Normal: 0,
  IoError: 1,
  Timeout: 2,
  FrameTooBig: 3,
  InvalidFrame: 4,
  NoVersion: 5,
  NoMaxFrameSize: 6,
  NoCapabilities: 7,
  UnsupportedVersion: 8,
  BadMaxFrameSize: 9,
  FragmentationNotSupported: 10,
  InterlacedFrames: 11,
  FrameIdNotFound: 12,
  ResourceAllocation: 13,
  Unknown: 99,
} as const;
/** One of the status codes, as a number. */
export type Status = (typeof Status)[keyof typeof Status];

/** Keys of the KV-lists in HELLO and DISCONNECT frames (SPOE.txt §3.2.4, §3.2.5, §3.2.8, §3.2.9). */
export const Key = {
  SupportedVersions: 'supported-versions',
  Version: 'version',
  MaxFrameSize: 'max-frame-size',
  Capabilities: 'capabilities',
  EngineId: 'engine-id',
  Healthcheck: 'healthcheck',
  StatusCode: 'status-code',
  Message: 'message',
} as const;
/** One of the keys, as it is spelled on the wire. */
export type Key = (typeof Key)[keyof typeof Key];

/** The SPOP version that these packages speak, and the only one that HAProxy 2.6 to 3.5 announces. */
export const SPOP_VERSION = '2.0';

/** Bytes of the length field before every frame; the length does not count itself (SPOE.txt §3.2). */
export const LENGTH_BYTES = 4;

/** The smallest max-frame-size that a peer may announce, in bytes (SPOE.txt §3.2). */
export const MIN_MAX_FRAME_SIZE = 256;

/** The max-frame-size of a HAProxy with its default `tune.bufsize` of 16384, in bytes. */
export const DEFAULT_MAX_FRAME_SIZE = 16_380;

/** The smallest valid frame in bytes: type, flags, and two varints of one byte each (SPOE.txt §3.2). */
export const MIN_FRAME_BYTES = 7;

/** The longest varint in bytes, which has 64 bits (SPOE.txt §3.1). */
export const MAX_VARINT_BYTES = 10;

/** The longest `scope.prefix.name` that every HAProxy handles, in bytes; older releases read past a longer one. */
export const MAX_VARIABLE_NAME_BYTES = 63;

/**
 * The most NOTIFYs that HAProxy has in flight on one connection with pipelining (max-waiting-frames, src/flt_spoe.c and
 * src/mux_spop.c).
 */
export const HAPROXY_MAX_IN_FLIGHT = 20;
