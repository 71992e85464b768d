import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openSocket } from '../../src/cli/target.ts';
import { hexOf, traceText } from '../../src/conformance/agent-connection.ts';
import type { Case, Outcome, Script } from '../../src/conformance/case.ts';
import { echo } from '../../src/conformance/contract.ts';
import { playCase, type PlayOptions } from '../../src/conformance/play.ts';
import { caseText, judgeCase, probe, runCases, type Verdict } from '../../src/conformance/run.ts';
import { HELLO, Vocabulary } from '../../src/conformance/vocabulary.ts';
import { int64, nil } from '../../src/data/values.ts';
import { ack, agentDisconnect, agentHello, type BytesInput } from '../../src/index.ts';
import { targetOf } from '../cli/peers.ts';
import { politely, tinyAgent } from '../tiny-agent.ts';

const contract = echo('echo', 'value');
const words = new Vocabulary(contract);

function bytesOf(...pieces: readonly BytesInput[]): Buffer {
  return Buffer.concat(pieces.map((piece) => ('toBytes' in piece ? piece.toBytes() : piece)));
}

function answer(number: number, streamId = 1, frameId = 1): Uint8Array {
  return ack({ streamId, frameId }).setVar('txn', 'value', int64(number)).toBytes();
}

/** An ACK with a byte of payload. */
function withPadding(bytes: Uint8Array): Uint8Array {
  const padded = Buffer.concat([bytes, Uint8Array.of(0)]);
  padded.writeUInt32BE(padded.length - 4);
  return padded;
}

/** One connection of an agent in this process: what to do with the bytes that come after a HELLO, once. */
type Agent = (socket: Socket, chunk: Buffer) => void;

/** How to reach an agent that answers a HELLO, and then does this. */
async function playing(then: Agent, patienceMs = 10_000): Promise<PlayOptions> {
  const target = await targetOf((socket) => {
    socket.once('data', () => {
      socket.write(bytesOf(agentHello()));
      socket.once('data', (chunk) => then(socket, chunk));
    });
  });
  return { open: () => openSocket(target), contract, patienceMs };
}

/** As {@link playing}, for a script without a HELLO of its own. */
async function listening(then: Agent, patienceMs = 10_000): Promise<PlayOptions> {
  const target = await targetOf((socket) => void socket.once('data', (chunk) => then(socket, chunk)));
  return { open: () => openSocket(target), contract, patienceMs };
}

function writing(...pieces: readonly BytesInput[]): Agent {
  return (socket) => void socket.write(bytesOf(...pieces));
}

function ending(...pieces: readonly BytesInput[]): Agent {
  return (socket) => void socket.end(bytesOf(...pieces));
}

const silent: Agent = () => {};

function scriptOf(expected: readonly Outcome[], more: Partial<Script> = {}): Case {
  return words.one('must', '3.2.6/asked', '', '', { send: [words.notify(5)], expect: expected, ...more });
}

const one: Outcome = { kind: 'acks', acks: [words.ack(5)] };
const two: Outcome = { kind: 'acks', acks: [words.ack(5), words.ack(6, 2, 1)] };

describe('the answer to a NOTIFY', () => {
  it.each<[name: string, outcome: Outcome, agent: Agent, fault: string | undefined]>([
    ['is right', one, writing(answer(5)), undefined],
    ['comes before the other', two, writing(answer(5), answer(6, 2)), undefined],
    ['comes after the other', two, writing(answer(6, 2), answer(5)), undefined],
    ['has another value', one, writing(answer(6)), 'expected INT64 5 in the variable value; found INT64 6'],
    ['has no value', one, writing(ack()), 'expected INT64 5 in the variable value; found NULL'],
    [
      'has another stream-id',
      one,
      writing(answer(5, 2)),
      'an ACK without a NOTIFY: ACK 2:1 set-var txn.value = INT64 5',
    ],
    [
      'has another frame-id',
      one,
      writing(answer(5, 1, 2)),
      'an ACK without a NOTIFY: ACK 1:2 set-var txn.value = INT64 5',
    ],
    ['comes twice', one, writing(answer(5), answer(5)), 'an ACK without a NOTIFY: ACK 1:1 set-var txn.value = INT64 5'],
    [
      'takes the place of the other',
      two,
      writing(answer(5), answer(5)),
      'an ACK without a NOTIFY: ACK 1:1 set-var txn.value = INT64 5',
    ],
    ['is an AGENT-HELLO', one, writing(agentHello()), 'AGENT-HELLO '],
    [
      'is a DISCONNECT',
      two,
      writing(agentDisconnect({ statusCode: 4, message: 'x' })),
      'AGENT-DISCONNECT status-code: UINT32 4, message: STRING "x"',
    ],
    ['is the last', one, ending(answer(5)), 'the connection was closed after the ACK'],
    [
      'is missing, and the connection ends',
      two,
      ending(answer(5)),
      '1 of 2 ACKs missing, and the connection was closed',
    ],
    ['is no frame', one, writing(Uint8Array.of(0, 0, 0, 3, 1, 2, 3)), 'the agent sent a wrong frame: '],
  ])('%s', async (_, outcome, agent, fault) => {
    const played = await playCase(scriptOf([outcome]), await playing(agent));
    if (fault === undefined) expect(played.fault).toBeUndefined();
    else expect(played.fault?.slice(0, fault.length)).toBe(fault);
  });

  it('is missing for as long as the agent may take', async () => {
    expect((await playCase(scriptOf([two]), await playing(writing(answer(5)), 40))).fault).toBe('1 of 2 ACKs missing');
  });

  it('is not looked at where the case does not know it', async () => {
    const acks = [{ ...words.ack(5), value: undefined }];
    const asked = scriptOf([{ kind: 'acks', acks }]);
    expect((await playCase(asked, await playing(writing(answer(6))))).fault).toBeUndefined();
    const others = await playCase(asked, await playing(writing(answer(6, 2))));
    expect(others.fault).toBe('an ACK without a NOTIFY: ACK 2:1 set-var txn.value = INT64 6');
    const { message, argument, value } = contract;
    const unknown = { ...(await playing(writing(answer(6)))), contract: { message, argument, value } };
    expect((await playCase(scriptOf([one]), unknown)).fault).toBeUndefined();
  });

  it('is one of several that are right', async () => {
    const either = scriptOf([{ kind: 'disconnect', status: [4] }, one]);
    expect((await playCase(either, await playing(writing(answer(5))))).fault).toBeUndefined();
    expect((await playCase(either, await playing(writing(answer(6))))).fault).toBe(
      'ACK 1:1 set-var txn.value = INT64 6',
    );
  });

  it('has a payload where it must', async () => {
    const nothing: Outcome = { kind: 'acks', acks: [words.ackOf(nil, 2 ** 32 - 1, 300)] };
    const must = scriptOf([nothing], { payload: true });
    const empty = ack({ streamId: 2 ** 32 - 1, frameId: 300 });
    expect((await playCase(must, await playing(writing(empty)))).fault).toBe('the payload of the ACK is empty');
    expect((await playCase(must, await playing(writing(withPadding(empty.toBytes()))))).fault).toBeUndefined();
    expect((await playCase(scriptOf([nothing]), await playing(writing(empty)))).fault).toBeUndefined();
  });

  it.each([1, 239, 240, 2_287, 2_288, 264_431, 264_432])('is empty with the frame-id %i, too', async (frameId) => {
    const must = scriptOf([{ kind: 'acks', acks: [words.ackOf(nil, 5, frameId)] }], {
      payload: true,
    });
    const empty = ack({ streamId: 5, frameId });
    expect((await playCase(must, await playing(writing(empty)))).fault).toBe('the payload of the ACK is empty');
    expect((await playCase(must, await playing(writing(withPadding(empty.toBytes()))))).fault).toBeUndefined();
  });

  it('is in one piece where it must be', async () => {
    const inPieces: Agent = (socket) => {
      socket.write(answer(5).subarray(0, 9));
      setTimeout(() => socket.write(answer(5).subarray(9)), 20);
    };
    const must = scriptOf([one], { wholeFrames: true });
    expect((await playCase(must, await playing(inPieces))).fault).toBe('a frame arrived in pieces');
    expect((await playCase(must, await playing(writing(answer(5))))).fault).toBeUndefined();
    expect((await playCase(scriptOf([one]), await playing(inPieces))).fault).toBeUndefined();
  });
});

const hello = (): BytesInput => agentHello({ maxFrameSize: 1_000 });

describe('the answer to a HELLO', () => {
  it.each<[name: string, agent: Agent, fault: string | undefined]>([
    ['is right', writing(hello()), undefined],
    ['is none', silent, 'no answer'],
    ['is the end', ending(), 'the connection was closed without a word'],
    ['offers too much', writing(agentHello({ maxFrameSize: 1_001 })), 'no max-frame-size from 256 to 1000: '],
    ['has a frame after it', writing(hello(), ack()), 'then ACK 1:1 no actions'],
  ])('%s', async (_, agent, fault) => {
    const script = scriptOf([{ kind: 'hello', offered: 1_000 }], { hello: undefined, send: [HELLO] });
    const played = await playCase(script, await listening(agent, agent === silent ? 40 : 10_000));
    if (fault === undefined) expect(played.fault).toBeUndefined();
    else expect(played.fault?.slice(0, fault.length)).toBe(fault);
  });

  it.each<[name: string, agent: Agent, fault: string]>([
    ['none', silent, 'HELLO: no answer'],
    ['the end', ending(), 'HELLO: the connection was closed without a word'],
    ['an ACK', writing(ack()), 'HELLO: ACK 1:1 no actions'],
    ['no frame', writing(Uint8Array.of(0, 0, 0, 3, 1, 2, 3)), 'HELLO: the agent sent a wrong frame: '],
  ])('before the case is %s', async (_, agent, fault) => {
    const played = await playCase(scriptOf([one]), await listening(agent, agent === silent ? 40 : 10_000));
    expect(played.fault?.slice(0, fault.length)).toBe(fault);
  });

  it('may be in pieces where a later frame must not', async () => {
    const target = await targetOf((socket) => {
      socket.once('data', () => {
        socket.write(bytesOf(agentHello()).subarray(0, 9));
        setTimeout(() => socket.write(bytesOf(agentHello()).subarray(9)), 20);
        socket.once('data', () => socket.write(answer(5)));
      });
    });
    const options = { open: () => openSocket(target), contract, patienceMs: 10_000 };
    expect((await playCase(scriptOf([one], { wholeFrames: true }), options)).fault).toBeUndefined();
  });
});

describe('the end of a connection', () => {
  const status4 = agentDisconnect({ statusCode: 4, message: 'x' });
  const said = 'AGENT-DISCONNECT status-code: UINT32 4, message: STRING "x"';
  const disconnect: Outcome = { kind: 'disconnect', status: [3, 4] };
  const closed: Outcome = { kind: 'closed' };
  const noAck: Outcome = { kind: 'no-ack' };

  it.each<[name: string, outcome: Outcome, agent: Agent, fault: string | undefined]>([
    ['a DISCONNECT', disconnect, writing(status4), undefined],
    ['a DISCONNECT and the end', disconnect, ending(status4), undefined],
    ['two DISCONNECTs', disconnect, writing(status4, status4), undefined],
    ['a DISCONNECT with another status', { kind: 'disconnect', status: [5] }, ending(status4), said],
    [
      'a DISCONNECT without a status',
      disconnect,
      ending(agentDisconnect({ statusCode: null, message: 'x' })),
      'AGENT-DISCONNECT message: STRING "x"',
    ],
    [
      'a DISCONNECT with flags',
      disconnect,
      ending(agentDisconnect({ statusCode: 4, flags: 3 })),
      'AGENT-DISCONNECT with flags 3 instead of 1',
    ],
    ['an ACK before it', disconnect, ending(answer(5), status4), 'ACK 1:1 set-var txn.value = INT64 5'],
    ['an ACK after it', disconnect, ending(status4, answer(5)), 'ACK 1:1 set-var txn.value = INT64 5'],
    ['nothing before it', disconnect, ending(), 'the connection was closed without a word'],
    ['nothing', disconnect, silent, 'no answer'],
    ['the end', closed, ending(), undefined],
    ['the end, with a DISCONNECT', closed, ending(status4), undefined],
    ['the end, with an ACK', closed, ending(answer(5)), 'ACK 1:1 set-var txn.value = INT64 5'],
    ['no end', closed, silent, 'the agent does not close the connection'],
    ['no ACK', noAck, silent, undefined],
    ['no ACK, but the end', noAck, ending(), undefined],
    ['no ACK, but a DISCONNECT', noAck, writing(status4), undefined],
    ['an ACK that must not come', noAck, writing(answer(5)), 'an ACK'],
    ['an ACK after a DISCONNECT', noAck, writing(status4, answer(5)), 'an ACK'],
  ])('%s', async (_, outcome, agent, fault) => {
    const played = await playCase(scriptOf([outcome]), await playing(agent, agent === silent ? 40 : 10_000));
    expect(played.fault).toBe(fault);
  });

  it('comes after the last frame where it must', async () => {
    const must = scriptOf([disconnect], { closes: true });
    expect((await playCase(must, await playing(writing(status4), 40))).fault).toBe(
      'the agent does not close the connection',
    );
    const later: Agent = (socket) => {
      socket.write(status4.toBytes());
      setTimeout(() => socket.end(), 100);
    };
    expect((await playCase(must, await playing(later))).fault).toBeUndefined();
  });

  it.each<['half-close' | 'reset', string[]]>([
    ['half-close', ['end']],
    // Node sends a FIN before the reset, and some agents read that first.
    ['reset', ['end', 'ECONNRESET']],
  ])('is a %s where the case ends so', async (kind, seen) => {
    const ended = Promise.withResolvers<string>();
    const options = await playing((socket) => {
      socket.on('end', () => ended.resolve('end'));
      socket.on('error', (error: NodeJS.ErrnoException) => ended.resolve(error.code ?? ''));
    });
    const played = playCase(scriptOf([], { ending: kind }), options);
    expect(seen).toContain(await ended.promise);
    const { fault, trace } = await played;
    expect(fault).toBeUndefined();
    expect(trace.at(-1)).toBe(`> (${kind})`);
  });

  it('does not come of itself', async () => {
    const states: boolean[] = [];
    const options = await playing((socket) => {
      setTimeout(() => {
        states.push(socket.readableEnded, socket.destroyed);
        socket.write(answer(5));
      }, 50);
    });
    expect((await playCase(scriptOf([one]), options)).fault).toBeUndefined();
    expect(states).toEqual([false, false]);
  });
});

describe('a case', () => {
  const agentOf = async (): Promise<PlayOptions> => {
    const agent = tinyAgent(
      politely((notify, empty) => empty.setVar('txn', 'value', notify.messages[0]!.args[0]!.value)),
    );
    const target = await targetOf((socket) => void agent.handle(socket));
    return { open: () => openSocket(target), contract, patienceMs: 10_000 };
  };

  it('is traced, with each frame in words', async () => {
    const { fault, trace } = await playCase(scriptOf([one]), await playing(ending(answer(5))));
    expect(fault).toBe('the connection was closed after the ACK');
    expect(trace).toEqual([
      `> ${hexOf(HELLO)}`,
      `< ${hexOf(bytesOf(agentHello()))}`,
      expect.stringMatching(/^ {2}AGENT-HELLO version: /),
      `> ${hexOf(words.notify(5))}`,
      `< ${hexOf(answer(5))}`,
      '  ACK 1:1 set-var txn.value = INT64 5',
      '< (the agent closes)',
    ]);
  });

  it.each([3, 4])('writes %i pieces one after the other', async (count) => {
    const chunks: number[] = [];
    const target = await targetOf((socket) => {
      socket.once('data', () => {
        socket.write(bytesOf(agentHello()));
        socket.on('data', ({ length }) => {
          chunks.push(length);
          if (chunks.length === count) socket.write(answer(5));
        });
      });
    });
    const send = Array.from({ length: count }, (_, index) => new Uint8Array(index + 1));
    const options = { open: () => openSocket(target), contract, patienceMs: 1_000 };
    const start = performance.now();
    expect((await playCase(scriptOf([one], { send }), options)).fault).toBeUndefined();
    expect(chunks).toEqual(send.map(({ length }) => length));
    // A few are 20 ms apart, and none may follow the answer for 60 ms.
    if (count === 3) expect(performance.now() - start).toBeGreaterThan(95);
  });

  it('fails with the fault and the trace of its first script with one, and leaves no connection', async () => {
    const open = new Set<Socket>();
    const target = await targetOf((socket) => {
      open.add(socket);
      socket.on('end', () => open.delete(socket));
      socket.once('data', () => {
        socket.write(bytesOf(agentHello()));
        socket.once('data', () => socket.write(answer(5)));
      });
    });
    const [right, wrong] = [scriptOf([one]).scripts[0]!, scriptOf([two]).scripts[0]!];
    const test: Case = { ...scriptOf([one]), scripts: [right, wrong, right] };
    const { fault, trace } = await playCase(test, { open: () => openSocket(target), contract, patienceMs: 40 });
    expect(fault).toBe('1 of 2 ACKs missing');
    expect(trace.at(-1)).toBe('  ACK 1:1 set-var txn.value = INT64 5');
    while (open.size > 0) await sleep(1);
  });

  it('has no fault of others after it', async () => {
    const options = await agentOf();
    const probed = await probe(options);
    expect(probed).toEqual({ fault: undefined, capabilities: ['pipelining'], maxFrameSize: 16_380, isAnswering: true });
    const test = scriptOf([one]);
    expect(await judgeCase(test, probed, options)).toMatchObject({ case: test, result: 'pass', detail: undefined });
    expect(await judgeCase({ ...test, class: 'hygiene' }, probed, options)).toMatchObject({ result: 'pass' });
  });

  it('fails if other connections suffer', async () => {
    const { open, ...options } = await agentOf();
    let opened = 0;
    const dying = { ...options, open: () => (opened++ < 3 ? open() : Promise.reject(new Error('no agent'))) };
    const probed = await probe(dying);
    expect(probed.isAnswering).toBe(true);
    const verdict = await judgeCase(scriptOf([one]), probed, dying);
    expect(verdict).toMatchObject({ result: 'fail', detail: 'other connections suffered: no agent' });
    expect(verdict.milliseconds).toBeGreaterThanOrEqual(0);
    expect(verdict.milliseconds).toBeLessThan(10_000);
  });

  it('passes though others get no answer, where they got none before', async () => {
    const target = await targetOf((socket) => void socket.once('data', () => socket.write(bytesOf(agentHello()))));
    const options = { open: () => openSocket(target), contract, patienceMs: 40 };
    const probed = await probe(options);
    expect(probed).toMatchObject({ fault: undefined, isAnswering: false });
    expect(await judgeCase(scriptOf([{ kind: 'no-ack' }]), probed, options)).toMatchObject({ result: 'pass' });
  });

  it('waits after broken bytes before it asks others', async () => {
    const { open, ...options } = await agentOf();
    const times: number[] = [];
    const timed = { ...options, open: () => (times.push(performance.now()), open()) };
    const broken = { ...scriptOf([], { send: [] }), class: 'hygiene' } as const;
    const probed = { fault: undefined, capabilities: [], maxFrameSize: 256, isAnswering: true };
    expect(await judgeCase(broken, probed, timed)).toMatchObject({ result: 'pass' });
    expect(times[1]! - times[0]!).toBeGreaterThan(18);
  });

  it('needs what the agent announces', async () => {
    const options = { open: () => Promise.reject(new Error('nobody')), contract, patienceMs: 10 };
    const able = { fault: undefined, capabilities: ['async', 'pipelining'], maxFrameSize: 16_380, isAnswering: true };
    for (const needs of ['pipelining', 'large-frames', 'echo'] as const) {
      expect(await judgeCase({ ...scriptOf([one]), needs }, able, options)).toMatchObject({ result: 'fail' });
    }
    const small = await judgeCase(
      { ...scriptOf([one]), needs: 'large-frames' },
      { ...able, maxFrameSize: 16_379 },
      options,
    );
    expect(small).toMatchObject({
      result: 'skip',
      detail: 'the agent announces a max-frame-size of 16379',
      milliseconds: 0,
      trace: [],
    });
  });
});

describe('probing', () => {
  it.each<[name: string, agent: Agent, fault: string]>([
    ['no answer', silent, 'no answer'],
    ['an ACK', writing(ack()), 'ACK 1:1 no actions'],
    ['no frame', writing(Uint8Array.of(0, 0, 0, 3, 1, 2, 3)), 'the agent sent a wrong frame: '],
  ])('tells of %s', async (_, agent, fault) => {
    const probed = await probe(await listening(agent, agent === silent ? 40 : 10_000));
    expect(probed.fault?.slice(0, fault.length)).toBe(fault);
    expect(probed).toMatchObject({ capabilities: [], maxFrameSize: 0, isAnswering: false });
  });
});

describe('a suite', () => {
  it('has its verdicts in the order of its cases, each told once', async () => {
    const agent = tinyAgent((frame, stream) => {
      if (frame.type !== 'NOTIFY') return politely()(frame, stream);
      setTimeout(() => stream.write(ack(frame).toBytes()), frame.streamId === 1n ? 120 : 1);
      return [];
    });
    const target = await targetOf((socket) => void agent.handle(socket));
    const free = { message: 'echo', argument: 'value', value: int64 };
    const some = new Vocabulary(free);
    const cases = [1, 2, 3].map((id) =>
      some.one('must', `${id}`, '', '', {
        send: [some.notify(5, id)],
        expect: [{ kind: 'acks', acks: [some.ack(5, id)] }],
      }),
    );
    const told: Verdict[] = [];
    const verdicts = await runCases(cases, {
      contract: free,
      patienceMs: 10_000,
      concurrency: 2,
      open: () => openSocket(target),
      onVerdict: (verdict) => told.push(verdict),
    });
    expect(verdicts.map(({ case: { id }, result }) => [id, result])).toEqual([
      ['spop/1', 'pass'],
      ['spop/2', 'pass'],
      ['spop/3', 'pass'],
    ]);
    expect(told).toEqual(verdicts);
  });
});

describe('the text of a case', () => {
  const plain: Script = { hello: HELLO, send: [Uint8Array.of(1)], expect: [one] };
  const greeting = `hello   ${hexOf(HELLO)}`;
  const expected = 'expect  ACK 1:1, and a connection that lives on';
  const textOf = (...scripts: readonly Script[]): string[] => caseText({ ...scriptOf([one]), scripts });

  it('has what is sent, and what must come', () => {
    expect(textOf()).toEqual([]);
    expect(textOf(plain)).toEqual([greeting, 'send    01', expected]);
    expect(textOf({ ...plain, hello: undefined, ending: 'reset', expect: [one, { kind: 'closed' }] })).toEqual([
      'send    01',
      'then    reset',
      expected,
      '    or  the end of the connection, without an ACK',
    ]);
  });

  it('has the first 20 writes', () => {
    const send = Array.from({ length: 21 }, (_, index) => Uint8Array.of(index));
    const text = textOf({ ...plain, hello: undefined, send });
    expect(text.slice(18)).toEqual(['send    12', 'send    13', '        (1 more writes)', expected]);
    expect(textOf({ ...plain, hello: undefined, send: send.slice(1) })).toHaveLength(21);
  });

  it('has the first and the last connection', () => {
    const last: Script = { ...plain, hello: undefined, send: [Uint8Array.of(2)] };
    const both = [greeting, 'send    01', expected, 'send    02', expected];
    expect(textOf(plain, last)).toEqual(both);
    expect(textOf(plain, plain, last)).toEqual(['(3 connections at once; the first and the last are shown)', ...both]);
  });
});

describe('the text of bytes', () => {
  it('has 128 bytes of a write, and 200 lines of a trace', () => {
    expect(hexOf(new Uint8Array(128))).toBe('00'.repeat(128));
    expect(hexOf(new Uint8Array(129))).toBe(`${'00'.repeat(128)}… (129 bytes)`);
    const lines = Array.from({ length: 202 }, (_, index) => `${index}`);
    expect(traceText(lines).split('\n').slice(199)).toEqual(['199', '(2 more lines)']);
  });
});
