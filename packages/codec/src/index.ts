/** The SPOP frame codec: bytes in, views out, bytes back. See the package's README for a tour. */
export * from './constants.ts';
export { ErrorStatus, SpopError, type SpopErrorCode } from './errors.ts';
export { escapeText, quoteText } from './quote.ts';
export { BufferPool, type BufferPoolOptions } from './pool.ts';
export { Cursor } from './wire/cursor.ts';
export { readVarint, varintSize, writeVarint } from './wire/varint.ts';
export {
  address,
  type AddressLike,
  type AnyValueType,
  binary,
  bool,
  type BytesLike,
  int32,
  int64,
  integer,
  interned,
  ipv4,
  ipv6,
  oneOf,
  optional,
  type ReadOf,
  string,
  uint32,
  uint64,
  type ValueKind,
  type ValueType,
  type ViewType,
  type WriteOf,
} from './values/value-type.ts';
export { parseAddress } from './wire/address.ts';
export { parseAddressBytes } from './wire/address-bytes.ts';
export { defineNetwork, type Network } from './values/network.ts';
export type {
  AddressValue,
  AnyValue,
  BinaryValue,
  BytesValue,
  IntegerValue,
  StringValue,
  TextValue,
  Value,
} from './values/value-views.ts';
export { AddressReader } from './text/address-reader.ts';
export { CookieReader } from './text/cookie-reader.ts';
export { HeaderReader } from './text/header-reader.ts';
export { type Disconnect, STATUS_MESSAGES, toDisconnect, writeDisconnect } from './frames/disconnect.ts';
export { FrameReader, type FrameReaderOptions } from './frames/frame-reader.ts';
export { FrameBody } from './frames/frame-body.ts';
export { FrameWriter } from './frames/frame-writer.ts';
export { Frame } from './frames/frame.ts';
export {
  type AgentHello,
  type HaproxyHello,
  type HaproxyHelloInit,
  toAgentHello,
  toHaproxyHello,
  writeAgentHello,
  writeHaproxyHello,
} from './frames/hello.ts';
export { KvListReader, type Name } from './frames/kv-list.ts';
export { type ArgumentTypes, defineMessage, type MessageDefinition } from './notify/message-definition.ts';
export { MessageReader } from './notify/message-reader.ts';
export { argumentState, type MessageOf, type MessageView } from './notify/message-view.ts';
export { NotifyWriter } from './notify/notify-writer.ts';
export { MessageSet, Notify } from './notify/notify.ts';
export type { ArgumentState } from './notify/arguments.ts';
export { AckWriter, type Actions, type IdSource } from './ack/ack-writer.ts';
export { ActionReader } from './ack/action-reader.ts';
export { defineVariable, type Variable } from './ack/variable.ts';
