/** The SPOP agent runtime; see the package's README for a tour. */
export { Agent, type CloseOptions, createAgent } from './agent.ts';
export { closeOnSignals, type CloseOnSignalsOptions } from './close-on-signals.ts';
export type { LogFunction, Logger } from './event-log.ts';
export type { AgentEvents, ConnectionInfo, DisconnectInfo, Hooks } from './events.ts';
export type { MessageHandler, NotifyHandler } from './handlers.ts';
export type { ListenAddress, ListenTarget, TcpAddress, TcpTarget, UnixAddress, UnixTarget } from './listener.ts';
export type { AgentMetrics, LatencySummary } from './metrics.ts';
export type { NotifyContext } from './notify-context.ts';
export type { AgentOptions, ResolvedOptions } from './options.ts';
export {
  OPEN_METRICS_CONTENT_TYPE,
  PROMETHEUS_CONTENT_TYPE,
  toOpenMetricsText,
  toPrometheusText,
} from './prometheus.ts';
export type { NotifyOutcome, NotifyTrace } from './trace.ts';
