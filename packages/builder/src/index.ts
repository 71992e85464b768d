/** Builds, reads, explains, validates and spoils SPOP frames, and plays HAProxy; see the package's README for a tour. */
export { SpopError } from '@spop/codec';
export type { AgentHello } from './agent-hello.ts';
export {
  assertAck,
  assertBytes,
  assertDisconnect,
  assertMessage,
  assertNoActions,
  assertSetVar,
  assertUnsetVar,
  assertValid,
  type PlainValue,
  toPlain,
  variables,
} from './assertions.ts';
export type { Side } from './connection-state.ts';
export {
  corrupt,
  type Corruption,
  type CorruptionName,
  corruptionNames,
  corruptions,
  corruptionsOf,
} from './corrupt.ts';
export { explain } from './explain.ts';
export {
  AckBuilder,
  type ArgumentItem,
  type ArgumentsInput,
  FrameBuilder,
  type FrameOptions,
  KvBuilder,
  NotifyBuilder,
  RawFrameBuilder,
} from './frame-builder.ts';
export {
  ack,
  agentDisconnect,
  agentHello,
  type AgentHelloOptions,
  type DisconnectOptions,
  frame,
  haproxyDisconnect,
  haproxyHello,
  type HaproxyHelloOptions,
  notify,
  unset,
} from './frames.ts';
export type { HaproxyLine } from './haproxy-line.ts';
export type { Link, StreamHandler, Target } from './link.ts';
export type {
  AckFrame,
  Action,
  Argument,
  FragmentFrame,
  Frame,
  FrameHeader,
  KvFrame,
  Message,
  NotifyFrame,
  SetVar,
  UnknownFrame,
  UnsetVar,
} from './model.ts';
export type { Ids, Received } from './outcomes.ts';
export {
  type BytesLike,
  parse,
  parseAck,
  type ParsedStream,
  parseFrame,
  type ParseOptions,
  parseStream,
  reassemble,
} from './parse.ts';
export { PeerFailure, type PeerFailureKind } from './peer-failure.ts';
export type { Field } from './byte-reader.ts';
export { writeFrame, writeTypedData, writeVarint } from './plain-writer.ts';
export { fragment, haproxy, type HaproxyOptions, HaproxyPreset } from './presets.ts';
export { type Rule, type RuleId, rules } from './rules.ts';
export type { ArgumentsOf, InputOf, MessageSchema, SchemaParameters, VariableSchema } from './schema.ts';
export { connect, type ConnectOptions, type NotifyInput, ScriptedHaproxy } from './scripted-haproxy.ts';
export { statusText } from './status-text.ts';
export { summarize, summarizeAction } from './summary.ts';
export { fromHex, toBytes, toHex, toText } from './text.ts';
export {
  formatViolations,
  type SessionOptions,
  SessionValidator,
  validate,
  type ValidateOptions,
  validateSession,
  type Violation,
  type Write,
} from './validate.ts';
export {
  address,
  binary,
  type BinaryData,
  bool,
  type BoolData,
  infer,
  int32,
  int64,
  type Integer32Data,
  type Integer64Data,
  ipv4,
  type Ipv4Data,
  ipv6,
  type Ipv6Data,
  nil,
  type NullData,
  raw,
  type RawData,
  string,
  type StringData,
  type TypedData,
  uint32,
  uint64,
  type Value,
  withFlags,
} from './values.ts';
