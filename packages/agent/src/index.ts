/** The SPOP agent runtime; see the package's README for a tour. */
export { Agent, type CloseOptions, createAgent } from './agent.ts';
export { closeOnSignals, type CloseOnSignalsOptions } from './close-on-signals.ts';
export type { LogLevel } from './observe/event-lines.ts';
export type { LogFunction, Logger } from './observe/event-log.ts';
export type { AgentEvents, ConnectionInfo, DisconnectInfo, Hooks } from './observe/events.ts';
export type { MessageHandler, NotifyHandler } from './notify/handlers.ts';
export type { ListenAddress, ListenTarget, TcpAddress, TcpTarget, UnixAddress, UnixTarget } from './listener.ts';
export type { AgentMetrics, LatencySummary } from './observe/metrics.ts';
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
