import { data, frame, type FrameBuilder, haproxyHello, KvBuilder } from '@spop/builder';
import { FrameType } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { eventually, linkKinds, startAgent } from '../harness.ts';

/** A HAPROXY-HELLO with exactly these items. */
function helloOf(...items: readonly (readonly [string, Parameters<KvBuilder['item']>[1]])[]): KvBuilder {
  return items.reduce((hello, [name, value]) => hello.item(name, value), new KvBuilder(FrameType.HaproxyHello, {}));
}

const VERSIONS = ['supported-versions', data.string('2.0')] as const;
const SIZE = ['max-frame-size', data.uint32(16_380)] as const;
const CAPABILITIES = ['capabilities', data.string('pipelining')] as const;

describe.each(linkKinds)('a handshake over %s', (link) => {
  it('is answered with version, max-frame-size and capabilities in one AGENT-HELLO', async () => {
    const { connect, reports } = await startAgent({ link });
    const peer = await connect();
    expect(await peer.hello()).toEqual({
      version: '2.0',
      maxFrameSize: 16_380,
      capabilities: ['pipelining', 'fragmentation'],
    });
    expect(peer.received).toHaveLength(1);
    expect(peer.received[0]).toMatchObject({ type: 'AGENT-HELLO', flags: 1, streamId: 0n, frameId: 0n });
    expect(reports.connect).toHaveLength(1);
    expect(reports.connect[0]?.connection).toMatchObject({
      id: 1,
      engineId: '5bf1ac4e-3f0c-4d3b-9a57-0c1f6de2b8a4',
    });
  });

  it('succeeds byte by byte', async () => {
    const { connect } = await startAgent({ link });
    const peer = await connect({ chunkBytes: 1 });
    expect((await peer.hello()).version).toBe('2.0');
    expect((await peer.notify('m')).actions).toEqual([]);
  });

  it('of a health check is answered, without a later frame or a report', async () => {
    const { agent, connect, reports } = await startAgent({ link });
    const peer = await connect();
    expect(await peer.healthcheck()).toEqual({ version: '2.0', maxFrameSize: 16_380, capabilities: ['fragmentation'] });
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(Object.values(reports).flat()).toEqual([]);
  });

  it('of a health check ends the connection if HAProxy does not', async () => {
    const { connect, reports } = await startAgent({ link });
    const peer = await connect();
    peer.send(peer.preset.healthcheck());
    await peer.receive();
    await peer.closed();
    expect(peer.received.map(({ type }) => type)).toEqual(['AGENT-HELLO']);
    expect(Object.values(reports).flat()).toEqual([]);
  });

  it('of a health check ignores later frames', async () => {
    const { connect, reports } = await startAgent({ link });
    const peer = await connect();
    peer.send(peer.preset.healthcheck(), peer.preset.notify().message('m'), frame(77));
    await peer.closed();
    expect(peer.received.map(({ type }) => type)).toEqual(['AGENT-HELLO']);
    expect(reports.protocolError).toEqual([]);
  });
});

const accepted: readonly (readonly [string, FrameBuilder])[] = [
  ['the keys in reverse', helloOf(CAPABILITIES, SIZE, VERSIONS)],
  ['no engine-id', helloOf(VERSIONS, SIZE, CAPABILITIES)],
  ['healthcheck = false', helloOf(VERSIONS, SIZE, CAPABILITIES, ['healthcheck', false])],
  ['empty capabilities', helloOf(VERSIONS, SIZE, ['capabilities', data.string('')])],
  [
    'unknown capabilities and spaces',
    helloOf(VERSIONS, SIZE, ['capabilities', data.string(' foo ,, pipelining , async ')]),
  ],
  [
    'unknown keys of every type',
    helloOf(['a', null], VERSIONS, ['b', data.binary('00ff')], SIZE, ['c', true], CAPABILITIES),
  ],
  ['an unknown key without a name', helloOf(VERSIONS, SIZE, CAPABILITIES, ['', data.string('x')])],
  ['a key sent twice', helloOf(['supported-versions', data.string('1.0')], VERSIONS, SIZE, CAPABILITIES)],
  ['versions with spaces', helloOf(['supported-versions', data.string(' 1.0 , 2.0 ')], SIZE, CAPABILITIES)],
  ['version 2.1, which includes 2.0', helloOf(['supported-versions', data.string('2.1')], SIZE, CAPABILITIES)],
  ['a max-frame-size of type INT32', helloOf(VERSIONS, ['max-frame-size', data.int32(16_380)], CAPABILITIES)],
  ['a max-frame-size of type INT64', helloOf(VERSIONS, ['max-frame-size', data.int64(16_380)], CAPABILITIES)],
  ['a max-frame-size of type UINT64', helloOf(VERSIONS, ['max-frame-size', data.uint64(16_380)], CAPABILITIES)],
  ['the smallest max-frame-size', helloOf(VERSIONS, ['max-frame-size', data.uint32(256)], CAPABILITIES)],
  ['the largest max-frame-size', helloOf(VERSIONS, ['max-frame-size', data.uint32(4_294_967_295)], CAPABILITIES)],
  ['reserved flags beside FIN', haproxyHello({ flags: 0xffff_fffd })],
];

describe('a HAPROXY-HELLO with', () => {
  it.each(accepted)('%s is accepted', async (_, hello) => {
    const { connect, reports } = await startAgent({ link: 'IPv4' });
    const peer = await connect();
    peer.send(hello);
    expect(await peer.receive()).toMatchObject({ type: 'AGENT-HELLO' });
    await expect(peer.receive(10)).rejects.toMatchObject({ kind: 'timeout' });
    expect(reports.protocolError).toEqual([]);
  });
});

const HELLO_BYTES = haproxyHello().toBytes();

const refused: readonly (readonly [string, number, FrameBuilder])[] = [
  ['no supported-versions', 5, helloOf(SIZE, CAPABILITIES)],
  ['no max-frame-size', 6, helloOf(VERSIONS, CAPABILITIES)],
  ['no capabilities', 7, helloOf(VERSIONS, SIZE)],
  ['no keys', 5, helloOf()],
  ['an empty supported-versions', 8, helloOf(['supported-versions', data.string('')], SIZE, CAPABILITIES)],
  ['version 1.0', 8, helloOf(['supported-versions', data.string('1.0')], SIZE, CAPABILITIES)],
  ['version 2', 8, helloOf(['supported-versions', data.string('2')], SIZE, CAPABILITIES)],
  ['version 20.0', 8, helloOf(['supported-versions', data.string('20.0')], SIZE, CAPABILITIES)],
  ['max-frame-size 255', 9, helloOf(VERSIONS, ['max-frame-size', data.uint32(255)], CAPABILITIES)],
  ['max-frame-size 0', 9, helloOf(VERSIONS, ['max-frame-size', data.uint32(0)], CAPABILITIES)],
  ['max-frame-size -1', 9, helloOf(VERSIONS, ['max-frame-size', data.int32(-1)], CAPABILITIES)],
  ['max-frame-size 2^32', 9, helloOf(VERSIONS, ['max-frame-size', data.uint64(4_294_967_296)], CAPABILITIES)],
  ['supported-versions of type INT32', 4, helloOf(['supported-versions', data.int32(2)], SIZE, CAPABILITIES)],
  ['supported-versions of type BINARY', 4, helloOf(['supported-versions', data.binary('322e30')], SIZE, CAPABILITIES)],
  ['max-frame-size of type STRING', 4, helloOf(VERSIONS, ['max-frame-size', data.string('16380')], CAPABILITIES)],
  ['max-frame-size NULL', 4, helloOf(VERSIONS, ['max-frame-size', null], CAPABILITIES)],
  ['capabilities of type BOOL', 4, helloOf(VERSIONS, SIZE, ['capabilities', true])],
  ['healthcheck of type STRING', 4, helloOf(VERSIONS, SIZE, CAPABILITIES, ['healthcheck', data.string('true')])],
  ['engine-id of type UINT32', 4, helloOf(VERSIONS, SIZE, CAPABILITIES, ['engine-id', data.uint32(1)])],
  ['no FIN', 10, haproxyHello({ flags: 0 })],
  ['ABORT and no FIN', 10, haproxyHello({ flags: 2 })],
  ['stream-id 1', 4, haproxyHello({ streamId: 1 })],
  ['frame-id 1', 4, haproxyHello({ frameId: 1 })],
  ['stream-id 2^64 - 1', 4, haproxyHello({ streamId: 2n ** 64n - 1n })],
  ['a value of a reserved type', 4, helloOf(VERSIONS, SIZE, CAPABILITIES).raw('01 61 0a')],
  ['a key that runs past the frame', 4, helloOf(VERSIONS, SIZE, CAPABILITIES).raw('f000 61')],
  ['a key without a value', 4, helloOf(VERSIONS, SIZE, CAPABILITIES).raw('01 61')],
  ['another type: NOTIFY', 4, frame(FrameType.Notify, { streamId: 1, frameId: 1 })],
  ['another type: UNSET', 4, frame(FrameType.Unset)],
  ['another type: AGENT-HELLO', 4, frame(FrameType.AgentHello)],
  ['another type: ACK', 4, frame(FrameType.Ack)],
  ['another type: 200', 4, frame(200)],
];

describe.each(['memory', 'IPv4'] as const)('a first frame over %s with', (link) => {
  it.each(refused)('%s is refused with status %i, and the connection closed', async (_, status, hello) => {
    const { agent, connect, reports } = await startAgent({ link });
    const peer = await connect();
    peer.send(hello);
    await peer.closed();
    expect(peer.received).toHaveLength(1);
    expect(peer.received[0]).toMatchObject({ type: 'AGENT-DISCONNECT', flags: 1, streamId: 0n, frameId: 0n });
    expect(peer.received[0]).toHaveProperty('items.0', { name: 'status-code', value: data.uint32(status) });
    expect(reports.protocolError.map(({ error }) => error.status)).toEqual([status]);
    expect(reports.connect).toEqual([]);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });

  it('HAPROXY-DISCONNECT is answered with AGENT-DISCONNECT 0', async () => {
    const { connect, reports } = await startAgent({ link });
    const peer = await connect();
    expect(await peer.disconnect({ statusCode: 2 })).toHaveProperty('items.0.value', data.uint32(0));
    expect(Object.values(reports).flat()).toEqual([]);
  });
});

describe('a connection', () => {
  it('that closes before its first byte causes no event', async () => {
    const { agent, connect, reports } = await startAgent({ link: 'IPv4' });
    (await connect()).end();
    (await connect()).close();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(Object.values(reports).flat()).toEqual([]);
  });

  it.each([1, 2, 3, 10])('refuses a second HELLO after %i NOTIFYs with status 4', async (count) => {
    const { connect, reports } = await startAgent({ link: 'IPv4' });
    const peer = await connect();
    await peer.burst(Array.from({ length: count }, () => (notify) => notify.message('m')));
    peer.send(HELLO_BYTES);
    await peer.closed();
    expect(peer.received.at(-1)).toMatchObject({ type: 'AGENT-DISCONNECT' });
    expect(peer.received.at(-1)).toHaveProperty('items.0.value', data.uint32(4));
    expect(reports.protocolError.map(({ error }) => error.code)).toEqual(['SPOP_UNEXPECTED_FRAME']);
    await eventually(() => reports.disconnect.length > 0);
    expect(reports.disconnect.map(({ status, frames }) => [status, frames])).toEqual([[4, count + 2]]);
  });
});
