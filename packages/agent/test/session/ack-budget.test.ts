import { data, haproxy, type HaproxyLine } from '@spop/builder';
import '@spop/builder/vitest';
import { type Actions, binary, defineMessage, defineVariable, int32, SpopError, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { startAgent, takeWarnings } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const big = defineVariable('txn', 'big', string);
const bytes = defineVariable('txn', 'bytes', binary);
const number = defineVariable('txn', 'number', int32);

/** Sets this many bytes, 200 at a time, and returns the codes of the errors. */
function setMuch(ack: Actions, total: number): string[] {
  const codes: string[] = [];
  for (let i = 0; i < total / 200; i++) {
    try {
      ack.set(bytes, Buffer.alloc(200));
    } catch (error) {
      codes.push(error instanceof SpopError ? error.code : String(error));
    }
  }
  return codes;
}

/** Rejects, because it sets more than the ACK has room for. */
async function tooMuch(ack: Actions): Promise<void> {
  await Promise.resolve();
  ack.set(big, 'x'.repeat(20_000));
}

/** The bytes of an ACK on the wire, and of a set-var of `big` in it, without its value. */
const ACK_HEADER = 4 + 1 + 4 + 2;
const SET_BIG = '01 03 02 03 626967 08 f00d'.replaceAll(' ', '').length / 2;

const lines: readonly (readonly [HaproxyLine, boolean, number])[] = [
  ['2.6', true, 16_384],
  ['2.6', false, 16_384],
  ['3.0', true, 16_384],
  ['3.1', true, 816],
  ['3.1', false, 16_383],
  ['3.2', true, 816],
  ['3.2', false, 16_383],
];

describe.each(lines)('an ACK for HAProxy %s, with pipelining %s', (line, pipelining, budget) => {
  it.each(['synchronous', 'asynchronous'])(
    `takes ${budget} bytes from a handler that is %s, and not one more`,
    async (kind) => {
      const errors: unknown[] = [];
      const { connect } = await startAgent({
        link: 'IPv4',
        setup: (agent) =>
          agent.onMessage(ask, (message, ack) => {
            try {
              ack.set(big, 'x'.repeat(Number(message.id.toString())));
            } catch (error) {
              errors.push(error);
            }
            return kind === 'synchronous' ? undefined : Promise.resolve();
          }),
      });
      const peer = await connect({ haproxy: haproxy(line, { pipelining }) });
      const room = budget - ACK_HEADER - SET_BIG - (budget > 2_288 ? 1 : 0);
      const full = await peer.notify(ask, { id: `${room}` });
      expect(full).toSetVar('txn', 'big', data.string('x'.repeat(room)));
      expect(errors).toEqual([]);
      expect(await peer.notify(ask, { id: `${room + 1}` })).toHaveNoActions();
      expect(errors).toMatchObject([{ code: 'SPOP_FRAME_FULL', status: undefined }]);
    },
  );

  it.each(['throws', 'rejects', 'catches'])('is sent for a handler that writes 20 KB and %s', async (kind) => {
    const { connect, reports } = await startAgent({
      link: 'IPv4',
      setup: (agent) =>
        agent.onMessage(ask, (_, ack) => {
          if (kind === 'throws') for (;;) ack.set(bytes, Buffer.alloc(200));
          if (kind === 'rejects') return tooMuch(ack);
          setMuch(ack, 20_000);
          return undefined;
        }),
    });
    const peer = await connect({ haproxy: haproxy(line, { pipelining }) });
    const ack = await peer.notify(ask, { id: '1' });
    expect(ack.actions).toHaveLength(kind === 'catches' ? Math.floor((budget - ACK_HEADER) / 212) : 0);
    expect(reports.handlerError).toHaveLength(kind === 'catches' ? 0 : 1);
    expect(await peer.notify('other')).toHaveNoActions();
  });
});

describe('SPOP_FRAME_FULL', () => {
  it('is thrown by each action that does not fit, and smaller ones are still accepted', async () => {
    let codes: string[] = [];
    const { connect } = await startAgent({
      link: 'IPv4',
      setup: (agent) =>
        agent.onMessage(ask, (_, ack) => {
          codes = setMuch(ack, 20_000);
          ack.set(number, 1);
        }),
    });
    const peer = await connect();
    const ack = await peer.notify(ask, { id: '1' });
    expect(codes).toEqual(Array.from({ length: 97 }, () => 'SPOP_FRAME_FULL'));
    expect(ack.actions).toHaveLength(4);
    expect(ack).toSetVar('txn', 'number', 1);
  });

  it('of the fallback itself leaves an ACK without actions, and says so in a warning', async () => {
    const { connect, reports } = await startAgent({
      link: 'IPv4',
      fallback: (_, ack) => {
        setMuch(ack, 200);
        ack.set(big, 'x'.repeat(20_000));
      },
      setup: (agent) => agent.onMessage(ask, () => Promise.reject(new Error('broken'))),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: '1' })).toHaveNoActions();
    expect(reports.handlerError).toHaveLength(1);
    expect(takeWarnings().join()).toMatch(/^The option 'fallback' threw: SpopError: SPOP_FRAME_FULL/);
  });
});

it('20 pipelined ACKs of full size and an AGENT-DISCONNECT stay below 16,384 bytes, where HAProxy 3.1 stops', async () => {
  const { connect } = await startAgent({
    link: 'IPv4',
    setup: (agent) => agent.onMessage(ask, (_, ack) => void setMuch(ack, 20_000)),
  });
  const peer = await connect();
  const acks = await peer.burst(Array.from({ length: 20 }, () => (notify) => notify.message(ask, { id: '1' })));
  expect(acks.every(({ actions }) => actions.length === 3)).toBe(true);
});
