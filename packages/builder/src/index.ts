/** Builds, reads, explains, validates and corrupts SPOP frames, and plays HAProxy; see the package's README for a tour. */
export { SpopError } from '@spop/codec';
export type { HaproxyLine } from './data/haproxy-line.ts';
export type {
  AckFrame,
  Action,
  Argument,
  FragmentFrame,
  PlainFrame,
  FrameHeader,
  KvFrame,
  Message,
  NotifyFrame,
  SetVar,
  UnknownFrame,
  UnsetVar,
} from './data/model.ts';
export { summarize, summarizeAction } from './data/summary.ts';
export { fromHex, toBytes, toHex, toText } from './data/text.ts';
export type {
  BinaryData,
  BoolData,
  Flagged,
  Integer32Data,
  Integer64Data,
  Ipv4Data,
  Ipv6Data,
  NullData,
  RawData,
  StringData,
  TypedData,
  ValueInput,
} from './data/typed-data.ts';
/**
 * The functions for values: `data.int32(100)`, `data.address('192.0.2.1')`. They are a namespace since the declared types of
 * `@spop/codec` and `@spop/agent` have the same names, and a test needs both.
 */
export * as data from './data/values.ts';
export type { Field } from './read/byte-reader.ts';
export { explain } from './read/explain.ts';
export {
  type BytesInput,
  parse,
  parseAck,
  type ParsedStream,
  parseFrame,
  type ParseOptions,
  parseStream,
  reassemble,
} from './read/parse.ts';
export {
  corrupt,
  type Corruption,
  type CorruptionName,
  corruptionNames,
  corruptions,
  corruptionsOf,
} from './build/corrupt.ts';
export {
  AckBuilder,
  type ArgumentItem,
  type ArgumentsInput,
  FrameBuilder,
  type FrameOptions,
  KvBuilder,
  NotifyBuilder,
  RawFrameBuilder,
} from './build/frame-builder.ts';
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
} from './build/frames.ts';
export { writeFrame, writeTypedData, varintBytes } from './build/plain-writer.ts';
export type {
  ArgumentsOf,
  ExpectedOf,
  InputOf,
  MessageSchema,
  OptionalNames,
  SchemaParameters,
  VariableSchema,
} from './build/schema.ts';
export { statusText } from './build/status-text.ts';
export type { Side } from './validate/connection-state.ts';
export { type Rule, type RuleId, rules } from './validate/rules.ts';
export {
  formatViolations,
  type SessionOptions,
  SessionValidator,
  validate,
  type ValidateOptions,
  validateSession,
  type Violation,
  type Write,
} from './validate/validate.ts';
export type { ReceivedAgentHello } from './haproxy/agent-hello.ts';
export type { Link, StreamHandler, Target } from './haproxy/link.ts';
export { PeerFailure, type PeerFailureKind } from './haproxy/peer-failure.ts';
export { fragment, haproxy, type HaproxyOptions, HaproxyPreset } from './haproxy/presets.ts';
export { connect, type ConnectOptions, type NotifyInput, ScriptedHaproxy } from './haproxy/scripted-haproxy.ts';
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
} from './assert/assertions.ts';
export {
  type MatcherContext,
  type MatcherResult,
  type Matchers,
  matchers,
  type SpopMatchers,
} from './assert/matchers.ts';
export type { Ids, Received } from './assert/outcomes.ts';
