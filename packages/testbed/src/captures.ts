import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A value in the form of a capture's JSON; see fixtures/README.md. */
export interface CapturedValue {
  readonly name: string;
  readonly type: string;
  /** Integers as decimal strings, which hold 64 bits. */
  readonly value?: string | boolean;
  /** The bytes of a BINARY, and of a STRING that is no UTF-8. */
  readonly hex?: string;
  /** The length of a long value, with `sha256` and `head_hex` instead of its bytes. */
  readonly length?: number;
  readonly sha256?: string;
  readonly head_hex?: string;
}

/** A message of a NOTIFY. */
export interface CapturedMessage {
  readonly name: string;
  readonly args: readonly CapturedValue[];
}

/** A frame that HAProxy sent. */
export interface CapturedFrame {
  /** The offset of the length field from the beginning of the connection. */
  readonly offset: number;
  /** The value of the length field. */
  readonly length: number;
  readonly type: number;
  readonly typeName: string;
  readonly flags: number;
  readonly fin: boolean;
  readonly abort: boolean;
  readonly streamId: number;
  readonly frameId: number;
  /** Of HELLO and DISCONNECT. */
  readonly kv?: readonly CapturedValue[];
  /** Of NOTIFY with FIN. */
  readonly messages?: readonly CapturedMessage[];
  /** Of fragments. */
  readonly payload?: { readonly length: number; readonly sha256: string };
}

/** A fragmented NOTIFY, with the joined payloads of its frames. */
export interface Reassembled {
  /** Indexes of the first and the last frame. */
  readonly frames: readonly [first: number, last: number];
  readonly streamId: number;
  readonly frameId: number;
  readonly aborted?: boolean;
  readonly payload_bytes_before_abort?: number;
  readonly payload_length?: number;
  readonly payload_sha256?: string;
  readonly messages?: readonly CapturedMessage[];
}

/** The bytes that one HAProxy sent on one connection. */
export interface Capture {
  /** Release and case: `2.6.12/scalars`. */
  readonly label: string;
  /** The version of HAProxy: `2.6.12`. */
  readonly release: string;
  /** Every byte that HAProxy sent. */
  readonly bytes: Buffer;
  /** The number of bytes of each read during the recording. */
  readonly read_sizes: readonly number[];
  readonly frames: readonly CapturedFrame[];
  readonly reassembled?: readonly Reassembled[];
  /** The answers of the agent, each with the number of bytes that it had read before. */
  readonly agent_sent: readonly { readonly after_rx_bytes: number; readonly hex: string }[];
}

const folder = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** All captures of real HAProxy, with the meaning of their bytes, by label. */
export function readCaptures(): readonly Capture[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.bin'));
  return files.toSorted().map((file) => {
    const label = file.slice(0, -'.bin'.length);
    const described = JSON.parse(readFileSync(`${folder}${label}.json`, 'utf8')) as Omit<Capture, 'label' | 'bytes'>;
    return { ...described, label, release: label.split('/')[0] ?? '', bytes: readFileSync(folder + file) };
  });
}

/** The bytes of a capture, cut as they were read during the recording. */
export function piecesOf({ bytes, read_sizes: sizes }: Capture): Uint8Array[] {
  let position = 0;
  return sizes.map((size) => bytes.subarray(position, (position += size)));
}
