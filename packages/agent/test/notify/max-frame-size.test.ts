import { haproxy } from '@spop/builder';
import { defineMessage } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { NotifyContext } from '../../src/index.ts';
import { startAgent } from '../harness.ts';

const ask = defineMessage('ask', {});
const other = defineMessage('other', {});

describe('notify.maxFrameSize', () => {
  it.each([
    [16_380, 1_048_576, 16_380],
    [65_532, 20_000, 20_000],
  ])('is the smaller one of %i and %i', async (offered, own, agreed) => {
    const seen: number[] = [];
    const kept: NotifyContext[] = [];
    const look = (notify: NotifyContext): void => {
      seen.push(notify.maxFrameSize);
      kept.push(notify);
    };
    const { connect } = await startAgent({
      maxFrameSize: own,
      setup: (agent) =>
        agent
          .onMessage(ask, (_, __, notify) => look(notify))
          .onMessage(other, async (_, __, notify) => {
            await Promise.resolve();
            look(notify);
          }),
    });
    const peer = await connect({ haproxy: haproxy('3.2', { maxFrameSize: offered }) });
    await peer.notify(ask);
    await peer.notify((notify) => notify.message('ask').message('other'));
    expect(seen).toEqual([agreed, agreed, agreed]);
    expect(kept.map((notify) => notify.maxFrameSize)).toEqual([0, 0, 0]);
  });
});
