/** The SPOP agent runtime; see the package's README for a tour. */
export {
  type Actions,
  address,
  type AddressLike,
  AddressReader,
  type AddressValue,
  type AnyValueType,
  type ArgumentState,
  argumentState,
  type ArgumentTypes,
  binary,
  type BinaryValue,
  bool,
  type BytesLike,
  type BytesValue,
  CookieReader,
  DataType,
  defineMessage,
  defineNetwork,
  defineVariable,
  HeaderReader,
  int32,
  int64,
  integer,
  type IntegerValue,
  interned,
  ipv4,
  ipv6,
  type MessageDefinition,
  type MessageOf,
  type MessageReader,
  type MessageView,
  type Network,
  oneOf,
  optional,
  parseAddress,
  parseAddressBytes,
  type ReadOf,
  SpopError,
  type SpopErrorCode,
  string,
  type StringValue,
  type TextValue,
  uint32,
  uint64,
  type Value,
  type ValueType,
  type Variable,
  type ViewType,
  type WriteOf,
} from '@spop/codec';
export { type Agent, type CloseOptions, createAgent } from './agent.ts';
export { closeOnSignals, type CloseOnSignalsOptions } from './close-on-signals.ts';
export type { LogLevel } from './observe/event-lines.ts';
export type { LogFunction, Logger } from './observe/event-log.ts';
export type { AgentEvent, AgentEvents, ConnectionInfo, DisconnectInfo, Hooks } from './observe/events.ts';
export { Histogram, type HistogramValue } from './observe/histogram.ts';
export type {
  Fallback,
  FallbackReason,
  HandlerResult,
  MessageFallback,
  MessageHandler,
  MessageOptions,
  NotifyHandler,
} from './message-handler.ts';
export {
  formatListenAddress,
  type ListenAddress,
  type ListenTarget,
  parseListenAddress,
  type TcpAddress,
  type TcpTarget,
  type UnixAddress,
  type UnixTarget,
} from './listen-target.ts';
export type { AgentMetrics, LatencySummary } from './observe/metrics.ts';
export type { LabelledValue, Labels, OwnHistogram, OwnMetric, OwnNumber } from './observe/own-metrics.ts';
export type { NotifyContext } from './notify-context.ts';
export type { AgentOptions, ResolvedOptions } from './options.ts';
export {
  OPEN_METRICS_CONTENT_TYPE,
  PROMETHEUS_CONTENT_TYPE,
  toOpenMetricsText,
  toPrometheusText,
} from './observe/prometheus.ts';
export type { OverloadLimit } from './observe/overload.ts';
export { textLogger, type TextLoggerOptions } from './observe/text-logger.ts';
export type { NotifyOutcome, NotifyTrace } from './observe/trace.ts';
