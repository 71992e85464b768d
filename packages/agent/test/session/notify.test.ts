import { setTimeout as sleep } from 'node:timers/promises';
import { data, frame, haproxyHello, notify, type NotifyInput } from '@spop/builder';
import '@spop/builder/vitest';
import { address, defineMessage, defineVariable, int32, optional, string, uint64 } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, EXCHANGES, linkKinds, startAgent } from '../harness.ts';
import { thrownBy } from '../thrown.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const request = defineMessage('request', { id: string, path: optional(string) });
const ipScore = defineVariable('sess', 'ip_score', int32);
const sum = defineVariable('txn', 'sum', uint64);

function scoring(agent: Agent): void {
  agent.onMessage(checkClientIp, (message, ack) => {
    ack.set(ipScore, message.ip.toString().startsWith('10.') ? 100 : 0);
  });
}

const check =
  (ip: string): NotifyInput =>
  (notify) =>
    notify.message(checkClientIp, { ip });

describe.each(linkKinds)('a NOTIFY over %s', (link) => {
  it('is acknowledged with the actions of its handler', async () => {
    const { connect } = await startAgent({ link, setup: scoring });
    const peer = await connect();
    expect(await peer.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
    expect(await peer.notify(checkClientIp, { ip: '2001:db8::1' })).toSetVar('sess', 'ip_score', 0);
  });

  it('is one of 20 in a batch, each acknowledged once and in order', async () => {
    const { connect, reports } = await startAgent({ link, setup: scoring });
    const peer = await connect();
    const acks = await peer.burst(Array.from({ length: 20 }, (_, i) => check(`${i}.0.0.1`)));
    expect(acks.findIndex((ack) => ack.actions.some(({ name }) => name !== 'ip_score'))).toBe(-1);
    expect(acks[10]).toSetVar('sess', 'ip_score', 100);
    expect(peer.received.slice(1).map(({ streamId }) => streamId)).toEqual(acks.map(({ streamId }) => streamId));
    expect(reports.overload).toEqual([]);
  });

  it('is acknowledged when it arrives byte by byte', async () => {
    const { connect } = await startAgent({ link, setup: scoring });
    const peer = await connect({ chunkBytes: 1 });
    expect(await peer.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
  });

  it('may fill the max-frame-size', async () => {
    const { connect } = await startAgent({
      link,
      setup: (agent) =>
        agent.onMessage(request, (message, ack) => void ack.set(sum, message.id.byteLength + (message.path ? 1 : 0))),
    });
    const peer = await connect();
    // Length, type, flags and ids take 11 bytes; the message's name, count and argument's name, type and length 17.
    const bytes = 16_380 + 4 - 11 - 17;
    expect(await peer.notify(request, { id: 'x'.repeat(bytes) })).toSetVar('txn', 'sum', bytes);
  });
});

describe("a NOTIFY's ids", () => {
  it.each([
    ['1 byte', 0n],
    ['1 byte', 239n],
    ['2 bytes', 240n],
    ['2 bytes', 2_287n],
    ['3 bytes', 2_288n],
    ['4 bytes', 264_432n],
    ['5 bytes', 33_818_864n],
    ['5 bytes', 2n ** 32n - 1n],
    ['6 bytes', 4_328_786_160n],
    ['7 bytes', 554_084_600_048n],
    ['8 bytes', 70_922_828_777_712n],
    ['9 bytes', 9_078_122_083_518_704n],
    ['10 bytes', 1_161_999_626_690_365_680n],
    ['10 bytes', 2n ** 64n - 1n],
  ])('of %s each come back in the ACK: %i', async (_, id) => {
    const { connect, reports } = await startAgent({ link: 'IPv4', setup: scoring });
    const peer = await connect();
    await peer.hello();
    const ack = await peer.notify(
      peer.preset.notify({ streamId: id, frameId: id }).message(checkClientIp, { ip: '10.0.0.1' }),
    );
    expect(ack).toMatchObject({ streamId: id, frameId: id });
    expect(ack).toSetVar('sess', 'ip_score', 100);
    expect(reports.handlerError).toEqual([]);
  });

  it('may be the same on two connections at once', async () => {
    const { connect } = await startAgent({ link: 'IPv4', setup: scoring });
    const [a, b] = await Promise.all([connect({ haproxy: '3.2' }), connect({ haproxy: '3.2' })]);
    const [low, high] = await Promise.all([
      a.notify(checkClientIp, { ip: '1.0.0.1' }),
      b.notify(checkClientIp, { ip: '10.0.0.1' }),
    ]);
    expect([low.streamId, high.streamId]).toEqual([1n, 1n]);
    expect(low).toSetVar('sess', 'ip_score', 0);
    expect(high).toSetVar('sess', 'ip_score', 100);
  });

  it('may be used again, as HAProxy 3.0 does after its processing timeout: each NOTIFY gets its ACK', async () => {
    const { connect } = await startAgent({ link: 'IPv4', setup: scoring });
    const peer = await connect({ haproxy: '3.0' });
    await peer.hello();
    const twice = peer.preset.notify({ streamId: 7, frameId: 1 }).message(checkClientIp, { ip: '10.0.0.1' });
    peer.send(twice, twice);
    expect(await peer.receive()).toBeAck({ streamId: 7, frameId: 1 });
    expect(await peer.receive()).toBeAck({ streamId: 7, frameId: 1 });
  });

  it('above 2^53 are an error for a handler that reads them, which costs only its own answer', async () => {
    const { connect, reports } = await startAgent({
      link: 'IPv4',
      setup: (agent) =>
        agent.onNotify((notify, ack) => {
          ack.set(ipScore, notify.streamId);
        }),
    });
    const peer = await connect();
    await peer.hello();
    expect(await peer.notify(peer.preset.notify({ streamId: 2n ** 53n }))).toHaveNoActions();
    expect(await peer.notify(peer.preset.notify({ streamId: 9 }))).toSetVar('sess', 'ip_score', 9);
    expect(reports.handlerError).toHaveLength(1);
    expect(reports.handlerError[0]).toMatchObject({ error: { code: 'SPOP_UNSAFE_INTEGER' }, streamId: 2 ** 53 });
  });
});

describe('messages of one NOTIFY', () => {
  it('are handled each by its own handler, and correlated by that of the whole', async () => {
    const { connect } = await startAgent({
      link: 'IPv4',
      setup: (agent) => {
        scoring(agent);
        agent.onMessage(request, (message, ack) => void ack.set(sum, message.id.byteLength));
        agent.onNotify((notify, ack) => {
          const ip = notify.get(checkClientIp)?.ip.toString();
          const id = notify.get(request)?.id.toString();
          ack.set(defineVariable('txn', 'both', string), `${id} from ${ip}`);
        });
      },
    });
    const peer = await connect();
    const ack = await peer.notify((notify) =>
      notify.message(request, { id: 'abc' }).message(checkClientIp, { ip: '10.0.0.1' }),
    );
    expect(ack.actions.map(({ name }) => name)).toEqual(['sum', 'ip_score', 'both']);
    expect(ack).toSetVar('txn', 'both', data.string('abc from 10.0.0.1'));
  });

  it('may have the same name: each is handled', async () => {
    let total = 0;
    const { connect } = await startAgent({
      link: 'IPv4',
      setup: (agent) => agent.onMessage(request, (message, ack) => void ack.set(sum, (total += message.id.byteLength))),
    });
    const peer = await connect();
    const ack = await peer.notify((notify) => notify.message(request, { id: 'a' }).message(request, { id: 'bc' }));
    expect(ack.actions).toHaveLength(2);
    expect(ack).toSetVar('txn', 'sum', 3);
  });

  it.each<readonly [string, NotifyInput]>([
    ['that are not declared', (notify) => notify.message('unknown', { a: 1 }).message('other')],
    ['that are missing, as in a NOTIFY of HAProxy 3.1 when all ACLs fail,', (notify) => notify],
    ['with a name of no bytes', (notify) => notify.message('')],
    [
      'with names that begin like a declared one',
      (notify) => notify.message('check-client-i').message('check-client-ip2'),
    ],
  ])('%s are acknowledged without actions', async (_, input) => {
    const { connect, reports } = await startAgent({ link: 'IPv4', setup: scoring });
    const peer = await connect();
    expect(await peer.notify(input)).toHaveNoActions();
    expect(reports.handlerError).toEqual([]);
  });

  it('without actions are acknowledged with a payload of one byte 00, for HAProxy 3.1.0', async () => {
    const { target } = await startAgent({ link: 'IPv4' });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify({ streamId: 1, frameId: 1 }).message('m'));
    await eventually(() => peer.frames().length === 2);
    expect(
      Buffer.concat(peer.chunks)
        .toString('hex')
        .endsWith('00000008' + '67' + '00000001' + '0101' + '00'),
    ).toBe(true);
  });
});

describe('a frame that is no NOTIFY', () => {
  it.each([4, 99, 100, 104, 200, 255])('of the unknown type %i is ignored', async (type) => {
    const { connect, reports } = await startAgent({ link: 'IPv4', setup: scoring });
    const peer = await connect();
    await peer.hello();
    peer.send(frame(type, { streamId: 5, frameId: 6, flags: 0 }, 'ffff'));
    expect(await peer.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
    expect(peer.received.map((received) => received.type)).toEqual(['AGENT-HELLO', 'ACK']);
    expect(reports.protocolError).toEqual([]);
  });

  it.each([
    ['AGENT-HELLO', 101],
    ['AGENT-DISCONNECT', 102],
    ['ACK', 103],
  ])('but of the agent’s own type %s is refused with status 4', async (_, type) => {
    const { connect, reports } = await startAgent({ link: 'IPv4' });
    const peer = await connect();
    await peer.hello();
    peer.send(frame(type));
    await peer.closed();
    expect(peer.received.at(-1)).toBeDisconnect(4);
    expect(reports.protocolError.map(({ error }) => error.code)).toEqual(['SPOP_UNEXPECTED_FRAME']);
  });
});

describe('a malformed NOTIFY', () => {
  it.each([
    ['a name longer than the frame', 'f0ffffff7f'],
    ['no argument count', '016d'],
    ['an argument count above the arguments', '016d02 0161 11'],
    ['a reserved type', '016d01 0161 0a'],
    ['a string longer than the frame', '016d01 0161 08 05 6162'],
    ['an address of 3 bytes', '016d01 0161 06 010203'],
    ['a varint without end', '016d01 0161 04 ffffffffffffffffffffff'],
  ])('with %s ends its connection with status 4, after the ACKs before it', async (_, payload) => {
    const { connect, reports } = await startAgent({ link: 'IPv4', setup: scoring });
    const [peer, other] = await Promise.all([connect(), connect()]);
    await peer.hello();
    peer.send(
      peer.preset.notify().message(checkClientIp, { ip: '10.0.0.1' }),
      peer.preset.notify().raw(payload.replaceAll(' ', '')),
      peer.preset.notify().message(checkClientIp, { ip: '10.0.0.1' }),
    );
    await peer.closed();
    expect(peer.received.map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(peer.received.at(-1)).toHaveProperty('items.0.value', data.uint32(4));
    expect(reports.protocolError).toHaveLength(1);
    expect(await other.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
  });

  it('shows nothing in a kept view of an earlier one', async () => {
    const kept: { readonly id: { toString(): string } }[] = [];
    const { connect, reports } = await startAgent({
      setup: (agent) => agent.onMessage(request, (message) => void kept.push(message)),
    });
    const [peer, other] = await Promise.all([connect(), connect()]);
    // As many NOTIFYs as there are sets of views, so that the next one is read into the set of the first.
    for (let i = 0; i < EXCHANGES; i++) await peer.notify(request, { id: 'first' });
    await other.hello();
    other.send(other.preset.notify().message(request, { id: 'second' }).raw('026d'));
    await other.closed();
    expect(reports.protocolError).toHaveLength(1);
    expect(kept).toHaveLength(EXCHANGES);
    for (const message of kept) {
      expect(thrownBy(() => message.id.toString())).toHaveProperty('code', 'SPOP_VIEW_CLOSED');
    }
  });
});

it('views that a handler read stay correct while later frames arrive', async () => {
  const seen: string[] = [];
  const { connect } = await startAgent({
    link: 'IPv4',
    setup: (agent) =>
      agent.onMessage(request, async (message, ack) => {
        await sleep(1);
        seen.push(message.id.toString());
        ack.set(defineVariable('txn', 'id', string), message.id);
      }),
  });
  const peer = await connect();
  const acks = await peer.burst(
    Array.from({ length: 200 }, (_, i) => (notify) => notify.message(request, { id: `id ${i}` })),
  );
  expect(acks.map((ack) => ack.actions[0])).toEqual(
    acks.map((__, i) => ({ type: 'set-var', scope: 'txn', name: 'id', value: data.string(`id ${i}`) })),
  );
  expect(new Set(seen).size).toBe(200);
});

describe.each(linkKinds)('a NOTIFY over %s', (link) => {
  it('with reserved flags set is answered', async () => {
    const { target } = await startAgent({ link, setup: scoring });
    const peer = await connectRaw(target);
    const flagged = notify({ streamId: 1 }).message(checkClientIp, { ip: '10.0.0.1' }).toBytes();
    // The four bytes of the flags, of which FIN is the lowest bit and ABORT the next.
    Buffer.from(flagged.buffer, flagged.byteOffset).writeUInt32BE(0xffff_fffd, 5);
    peer.send(haproxyHello(), flagged);
    expect(await eventually(() => peer.frames().length === 2)).toBe(true);
    expect(peer.frames()[1]).toSetVar(ipScore, 100);
  });

  it('whose NB-ARGS is the number modulo 256, as HAProxy writes it, is refused with status 4', async () => {
    const { target } = await startAgent({ link, setup: scoring });
    const peer = await connectRaw(target);
    // `m`, NB-ARGS 0, and 256 arguments without a name, each NULL: read as a second message without a name or NB-ARGS 0.
    const bytes = `016d00${'0000'.repeat(256)}`;
    peer.send(haproxyHello(), notify().raw(`${bytes}09`));
    expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
    expect(peer.frames().at(-1)).toBeDisconnect(4);
  });

  it("of HAProxy's own size is answered, even if a smaller one was agreed on: 3.1.0 ignores it", async () => {
    const { target } = await startAgent({
      link,
      maxFrameSize: 1_000,
      setup: (agent) => agent.onMessage(request, (message, ack) => void ack.set(sum, message.id.byteLength)),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify().message(request, { id: 'x'.repeat(16_000) }));
    expect(await eventually(() => peer.frames().length === 2)).toBe(true);
    expect(peer.frames()[0]).toHaveProperty('items.1.value', data.uint32(1_000));
    expect(peer.frames()[1]).toSetVar(sum, 16_000);
  });
});
