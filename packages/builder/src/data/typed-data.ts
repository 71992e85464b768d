/** A value whose type byte may have meaningless flags, its upper four bits (SPOE.txt §3.1). */
export interface Flagged {
  /** 1 to 15, without the one that is a BOOL's value. Present only if one of them is set, which HAProxy never does. */
  readonly flags?: number;
}

/** NULL: a type without a value. */
export interface NullData extends Flagged {
  /** The type on the wire: 0. */
  readonly type: 'null';
}
/** A BOOL. */
export interface BoolData extends Flagged {
  /** The type on the wire: 1. */
  readonly type: 'bool';
  /** The flag of the type byte, 0x10. */
  readonly value: boolean;
}
/** An INT32 (-2^31 to 2^31 - 1) or a UINT32 (0 to 2^32 - 1). */
export interface Integer32Data extends Flagged {
  /** The type on the wire: 2 for INT32, 3 for UINT32. */
  readonly type: 'int32' | 'uint32';
  /** An integer in the range of its type. */
  readonly value: number;
}
/** An INT64 (-2^63 to 2^63 - 1) or a UINT64 (0 to 2^64 - 1). */
export interface Integer64Data extends Flagged {
  /** The type on the wire: 4 for INT64, 5 for UINT64. */
  readonly type: 'int64' | 'uint64';
  /** An integer in the range of its type. */
  readonly value: bigint;
}
/** An IPv4 address: 4 bytes on the wire. */
export interface Ipv4Data extends Flagged {
  /** The type on the wire: 6. */
  readonly type: 'ipv4';
  /** Dotted decimal. */
  readonly value: string;
}
/** An IPv6 address: 16 bytes on the wire. */
export interface Ipv6Data extends Flagged {
  /** The type on the wire: 7. */
  readonly type: 'ipv6';
  /** RFC 5952. */
  readonly value: string;
}
/** A STRING. */
export interface StringData extends Flagged {
  /** The type on the wire: 8. */
  readonly type: 'string';
  /** UTF-8; a byte that is not valid UTF-8 is a lone surrogate U+DC80 to U+DCFF (see `toBytes`). */
  readonly value: string;
}
/** A BINARY. */
export interface BinaryData extends Flagged {
  /** The type on the wire: 9. */
  readonly type: 'binary';
  /** The bytes without their length. */
  readonly value: Uint8Array;
}

/** One typed data as a plain object (SPOE.txt §3.1), as `parse` returns it; it can be written exactly so. */
export type TypedData =
  | NullData
  | BoolData
  | Integer32Data
  | Integer64Data
  | Ipv4Data
  | Ipv6Data
  | StringData
  | BinaryData;

/** Bytes that are written unchanged instead of typed data, for malformed frames. */
export interface RawData {
  /** Tells the bytes from typed data; it is not on the wire. */
  readonly type: 'raw';
  /** The bytes in place of type, length and value. */
  readonly value: Uint8Array;
}

/** The input for a value: typed data, raw bytes, or a plain value (see `data.infer`). */
export type ValueInput = TypedData | RawData | null | boolean | number | bigint | string | Uint8Array;
