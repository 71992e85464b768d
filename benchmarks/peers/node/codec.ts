/**
 * CPU time of decoding and encoding in memory and the heap bytes they take; one line of JSON for each figure.
 *
 *     node --expose-gc … benchmarks/peers/node/codec.ts spop|naive
 */
import { notify } from '@spop/builder';
import { AckWriter, FrameReader, MessageSet, Notify } from '@spop/codec';
import { measured } from '../../harness/measured.ts';
import type { Operation } from '../../harness/operation.ts';
import { FrameDecoder, decodeMessages } from '../../naive/decode.ts';
import { encodeAck } from '../../naive/encode.ts';
import { bytesOf } from '../../codec/frames.ts';
import { declareJobs } from '../../load/declare-jobs.ts';
import { type TrafficKind, traffic } from '../../load/traffic.ts';

interface Input {
  readonly frame: Buffer;
  /** Where the frame stands in the memory that all frames stand in, as they do in an agent's read buffer. */
  readonly memory: Buffer;
  readonly start: number;
  readonly end: number;
  readonly expected: number;
}

function inputs(kind: TrafficKind): Input[] {
  const list = traffic(kind).map(({ payload, expected }) => {
    return { frame: bytesOf(notify({ streamId: 1, frameId: 1 }).raw(payload)), expected };
  });
  const memory = Buffer.concat(list.map((input) => input.frame));
  let end = 0;
  return list.map(({ frame, expected }) => {
    const start = end;
    end += frame.length;
    return { frame: memory.subarray(start, end), memory, start, end, expected };
  });
}

const { checkClientIp, checkRequest, ipScore } = declareJobs();

function spopDecode(list: readonly Input[]): Operation {
  const reader = new FrameReader();
  const notify = new Notify(new MessageSet([checkClientIp, checkRequest]));
  let turn = 0;
  return () => {
    const { memory, start, end, expected } = next(list, turn++);
    reader.push(memory, start, end);
    const one = reader.next();
    if (one === undefined) throw new Error('expected a whole frame');
    notify.read(one);
    const score = spopScore(notify);
    notify.close();
    return check(score, expected);
  };
}

function spopScore(notify: Notify): number {
  const client = notify.get(checkClientIp);
  if (client !== undefined) return client.ip?.byteAt(3) ?? -1;
  const request = notify.get(checkRequest);
  if (request === undefined) return -1;
  const { method, path, query, headers, host } = request;
  const texts = method.byteLength + path.byteLength + query.byteLength + headers.byteLength + host.byteLength;
  return texts + request.src_port + request.src.byteAt(3) + (request.ssl ? 1 : 0);
}

function spopEncode(list: readonly Input[]): Operation {
  const reader = new FrameReader();
  reader.push(next(list, 0).frame);
  const one = reader.next();
  if (one === undefined) throw new Error('expected a whole frame');
  const ack = new AckWriter();
  const buffer = Buffer.alloc(1024);
  let turn = 0;
  return () => {
    ack.beginAck(buffer, 0, buffer.length, one);
    ack.set(ipScore, turn++ & 255);
    return ack.end();
  };
}

function naiveDecode(list: readonly Input[]): Operation {
  const decoder = new FrameDecoder(16_380);
  let turn = 0;
  return () => {
    const { frame: bytes, expected } = next(list, turn++);
    let score = 0;
    for (const one of decoder.push(bytes)) {
      for (const { name, args } of decodeMessages(one.payload)) {
        const ip = String(args.get(name === 'check-client-ip' ? 'ip' : 'src'));
        score = Number(ip.slice(ip.lastIndexOf('.') + 1));
        if (name === 'check-client-ip') continue;
        for (const key of ['method', 'path', 'query', 'headers', 'host']) score += String(args.get(key)).length;
        score += Number(args.get('src_port')) + (args.get('ssl') === true ? 1 : 0);
      }
    }
    return check(score, expected);
  };
}

function naiveEncode(): Operation {
  let turn = 0;
  return () =>
    encodeAck(1n, 1n, [
      { action: 'set-var', scope: 'sess', name: 'ip_score', value: { type: 'int64', value: turn++ & 255 } },
    ]).length;
}

function next(list: readonly Input[], turn: number): Input {
  const input = list[turn & (list.length - 1)];
  if (input === undefined) throw new Error('expected a power of two of payloads');
  return input;
}

function check(score: number, expected: number): number {
  if (score !== expected) throw new Error(`read ${score}, expected ${expected}`);
  return score;
}

async function print(name: string, operation: Operation): Promise<void> {
  process.stdout.write(`${JSON.stringify({ name, ...(await measured(operation)) })}\n`);
}

const isNaive = process.argv[2] === 'naive';
const decode = isNaive ? naiveDecode : spopDecode;
await print('decode tiny', decode(inputs('tiny')));
await print('decode realistic', decode(inputs('realistic')));
await print('encode', isNaive ? naiveEncode() : spopEncode(inputs('tiny')));
