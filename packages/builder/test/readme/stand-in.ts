import type { MessageDefinition, Variable } from '@spop/codec';
import {
  ack as emptyAck,
  agentHello,
  type AckBuilder,
  type InputOf,
  type StreamHandler,
  type ValueInput,
  toPlain,
} from '../../src/index.ts';

export { address, defineMessage, defineVariable, int32 } from '@spop/codec';
import { tinyAgent } from '../tiny-agent.ts';

type Handler = (message: { ip: { equals(text: string): boolean } }, ack: Actions) => void;

interface Actions {
  set<Write>(variable: Variable<Write>, value: Write & InputOf<Variable<Write>>): void;
}

/** Replaces `createAgent` of the agent's package in the README's examples: this package must not depend on it. */
export function createAgent(): StreamHandler & { onMessage(message: MessageDefinition, handler: Handler): void } {
  const handlers = new Map<string, Handler>();
  const agent = tinyAgent((frame) => {
    if (frame.type === 'HAPROXY-HELLO') return [agentHello()];
    if (frame.type !== 'NOTIFY') return [];
    let built: AckBuilder = emptyAck(frame);
    for (const { name, args } of frame.messages) {
      const ip = args.find((argument) => argument.name === 'ip')?.value;
      const set = (variable: { scope: 'sess'; name: string }, value: ValueInput): void => {
        built = built.setVar(variable.scope, variable.name, value);
      };
      const message = { ip: { equals: (text: string) => ip !== undefined && toPlain(ip) === text } };
      handlers.get(name)?.(message, { set: set as Actions['set'] });
    }
    return [built];
  });
  return { ...agent, onMessage: (message, handler) => void handlers.set(message.name, handler) };
}
