/**
 * The bits of typed data's flags that mean nothing (SPOE.txt §3.1): the high nibble, without BOOL's lowest bit. Present
 * only where the wire has one of them set, which HAProxy never does.
 */
/** A value whose type byte may have flags that say nothing: the upper four bits of it (SPOE.txt §3.1). */
export interface Flagged {
  readonly flags?: number;
}

/** NULL: a type without a value. */
export interface NullData extends Flagged {
  readonly type: 'null';
}
/** A BOOL. */
export interface BoolData extends Flagged {
  readonly type: 'bool';
  readonly value: boolean;
}
/** An INT32 (-2^31 to 2^31 - 1) or a UINT32 (0 to 2^32 - 1). */
export interface Integer32Data extends Flagged {
  readonly type: 'int32' | 'uint32';
  readonly value: number;
}
/** An INT64 (-2^63 to 2^63 - 1) or a UINT64 (0 to 2^64 - 1). */
export interface Integer64Data extends Flagged {
  readonly type: 'int64' | 'uint64';
  readonly value: bigint;
}
/** An IPv4 address: 4 bytes on the wire. */
export interface Ipv4Data extends Flagged {
  readonly type: 'ipv4';
  /** Dotted decimal. */
  readonly value: string;
}
/** An IPv6 address: 16 bytes on the wire. */
export interface Ipv6Data extends Flagged {
  readonly type: 'ipv6';
  /** RFC 5952. */
  readonly value: string;
}
/** A STRING. */
export interface StringData extends Flagged {
  readonly type: 'string';
  /** UTF-8; a byte that is not valid UTF-8 stands as a lone surrogate U+DC80 to U+DCFF (see `toBytes`). */
  readonly value: string;
}
/** A BINARY. */
export interface BinaryData extends Flagged {
  readonly type: 'binary';
  readonly value: Uint8Array;
}

/** One typed data as a plain object (SPOE.txt §3.1): what reading gives, and one way to write exactly. */
export type TypedData =
  | NullData
  | BoolData
  | Integer32Data
  | Integer64Data
  | Ipv4Data
  | Ipv6Data
  | StringData
  | BinaryData;

/** Bytes that are written as they are where typed data should stand: the door to everything that is wrong. */
export interface RawData {
  readonly type: 'raw';
  readonly value: Uint8Array;
}

/** What may be given wherever a value is written: exactly, or plainly (see `data.infer`). */
export type ValueInput = TypedData | RawData | null | boolean | number | bigint | string | Uint8Array;
