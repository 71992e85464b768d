import { data } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { linkKinds, startAgent, takeWarnings } from '../harness.ts';

const ask = defineMessage('ask', { how: string });
const before = defineVariable('txn', 'before', int32);
const fallback = defineVariable('txn', 'fallback', int32);

describe.each(linkKinds)('a handler that fails after it set a variable, over %s', (link) => {
  it.each(['throws', 'rejects', 'rejects later'])('is answered with the fallback actions alone: %s', async (how) => {
    const { connect, reports } = await startAgent({
      link,
      fallback: (_, ack) => void ack.set(fallback, 7),
      setup: (agent) =>
        agent.onMessage(ask, (message, ack): void | Promise<void> => {
          ack.set(before, 1);
          const failure = new Error('no database');
          if (message.how.equals('throws')) throw failure;
          if (message.how.equals('rejects')) return Promise.reject(failure);
          return new Promise((_, reject) => void setTimeout(() => reject(failure), 5));
        }),
    });
    const answer = await (await connect()).notify(ask, { how });
    expect(answer).not.toSetVar(before);
    expect(answer).toSetVar(fallback, data.int32(7));
    expect(answer.actions).toHaveLength(1);
    expect(reports.handlerError).toMatchObject([{ streamId: 1, error: { message: 'no database' } }]);
  });
});

describe('a fallback that throws after it set a variable', () => {
  it('is answered without actions, and reported by a process warning', async () => {
    const { connect } = await startAgent({
      fallback: (_, ack) => {
        ack.set(fallback, 7);
        throw new Error('no fallback');
      },
      setup: (agent) =>
        agent.onMessage(ask, () => {
          throw new Error('no database');
        }),
    });
    expect(await (await connect()).notify(ask, { how: 'throws' })).toHaveNoActions();
    await expect.poll(takeWarnings).toEqual(["The option 'fallback' threw: Error: no fallback"]);
  });
});
