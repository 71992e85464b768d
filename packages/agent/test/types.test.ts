import { describe, expectTypeOf, it } from 'vitest';
import {
  type Actions,
  address,
  createAgent,
  defineMessage,
  defineVariable,
  int32,
  type MessageHandler,
  optional,
  string,
} from '../src/index.ts';

const checkRequest = defineMessage('check-request', { ip: address, host: optional(string) });
const score = defineVariable('sess', 'score', int32);

/** A handler declared apart from its agent, as in another file. */
const inItsFile: MessageHandler<typeof checkRequest> = ({ ip, host }, ack) => {
  expectTypeOf(ip.family).toEqualTypeOf<4 | 6>();
  expectTypeOf(host?.byteLength).toEqualTypeOf<number | undefined>();
  ack.set(score, ip.byteAt(0));
};

describe('the types of handlers', () => {
  it('accept the result of an arrow function with one expression', () => {
    createAgent()
      .onMessage(checkRequest, (_, ack) => ack.set(score, 1))
      .onNotify((_, ack) => ack.unset(score));
    createAgent().onMessage(checkRequest, async (_, ack) => ack.set(score, await Promise.resolve(1)));
    createAgent().onMessage(checkRequest, inItsFile);
  });

  it('refuse results that cannot be an answer, and arguments that are not declared', () => {
    const agent = createAgent();
    // @ts-expect-error A number is no answer.
    agent.onMessage(checkRequest, () => 1);
    // @ts-expect-error There is no argument `port`.
    createAgent().onMessage(checkRequest, ({ port }) => void port);
    // @ts-expect-error The handler is of another message.
    createAgent().onMessage(defineMessage('other', { name: string }), inItsFile);
    // @ts-expect-error The variable is an integer.
    createAgent().onMessage(checkRequest, (_, ack: Actions) => ack.set(score, 'high'));
  });
});
