/** The SPOP frame codec: bytes in, views out, bytes back. See the package's README for a tour. */
export { ActionReader } from './action-reader.ts';
export { AckWriter, type Actions, type IdSource } from './ack-writer.ts';
export * from './constants.ts';
export { type Disconnect, STATUS_MESSAGES, toDisconnect, writeDisconnect } from './disconnect.ts';
export { ErrorStatus, SpopError, type SpopErrorCode } from './errors.ts';
export { Frame } from './frame.ts';
export { FrameReader, type FrameReaderOptions } from './frame-reader.ts';
export { FrameWriter } from './frame-writer.ts';
export {
  type AgentHello,
  type HaproxyHello,
  type HaproxyHelloInit,
  toAgentHello,
  toHaproxyHello,
  writeAgentHello,
  writeHaproxyHello,
} from './hello.ts';
export { KvListReader, type Name } from './kv-list.ts';
export { type ArgumentTypes, defineMessage, type MessageDefinition } from './message-definition.ts';
export { MessageReader } from './message-reader.ts';
export { argumentState, type MessageOf, type MessageView } from './message-view.ts';
export { MessageSet, Notify } from './notify.ts';
export { NotifyWriter } from './notify-writer.ts';
export { BufferPool, type BufferPoolOptions } from './pool.ts';
export { Value } from './value.ts';
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
  optional,
  type ReadOf,
  string,
  uint32,
  uint64,
  type ValueKind,
  type ValueType,
  type WriteOf,
} from './value-type.ts';
export type { AddressValue, AnyValue, BinaryValue, IntegerValue, StringValue } from './value-views.ts';
export type { ArgumentState } from './view-class.ts';
export { defineVariable, type Variable } from './variable.ts';
export { varintSize, writeVarint } from './varint.ts';
