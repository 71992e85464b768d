/** A logger that keeps its lines, and events for it. */
import type { AgentEvents, Logger } from '../../src/index.ts';
import type { EventLog } from '../../src/observe/event-log.ts';

/** The connection of all events. */
export const connection = { id: 7, remote: '127.0.0.1:4711', engineId: 'engine' };

export type Line = [level: string, details: object, message: string];

export function recorder(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (details: object, message: string) => void lines.push([level, details, message]);
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

export function report<Name extends keyof AgentEvents>(log: EventLog, name: Name, info: AgentEvents[Name]): void {
  log.report(name, () => info);
}
