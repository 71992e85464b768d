/** The SPOP agent runtime; see the package's README for a tour. */
export { Agent, type CloseOptions, createAgent } from './agent.ts';
export type { NotifyContext } from './exchange.ts';
export type { MessageHandler, NotifyHandler } from './handlers.ts';
export type { AgentEvents, ConnectionInfo, DisconnectInfo, Hooks } from './hooks.ts';
export type { ListenAddress, ListenTarget } from './listener.ts';
export type { AgentOptions, ResolvedOptions } from './options.ts';
