/** An exchange on its own, with the memory that it holds and the reports to its answerer. */
import { notify } from '@spop/builder';
import { defineMessage, defineVariable, Frame, MessageSet, string } from '@spop/codec';
import { type Answerer, type Engine, Exchange } from '../../src/notify/exchange.ts';
import type { HandlerEntry } from '../../src/notify/handler-entry.ts';
import { MemoryPool } from '../../src/notify/memory-pool.ts';
import type { MessagePart } from '../../src/notify/message-part.ts';

export const ask = defineMessage('ask', { id: string });
export const text = defineVariable('txn', 'text', string);

const MAX_ACK_BYTES = 100_000;

/** A pool that knows how many bytes it has given out. */
class CountedPool extends MemoryPool {
  outBytes = 0;

  override take(size: number): Buffer {
    const piece = super.take(size);
    this.outBytes += piece.length;
    return piece;
  }

  override give(piece: Buffer): void {
    super.give(piece);
    this.outBytes -= piece.length;
  }
}

export interface ExchangeBench {
  readonly exchange: Exchange;
  readonly pool: CountedPool;
  /** The calls of the answerer, in their order. */
  readonly calls: string[];
  readonly answerer: Answerer;
  /** The sum of the growth that the answerer was told of. */
  readonly toldBytes: () => number;
  /** Adds a part whose handler never settles. */
  readonly addPart: (timeoutMs?: number) => MessagePart;
  /** Reads another NOTIFY, with the stream-id 9 and the id `2`; by default for handlers of the same kind. */
  readonly readNext: (isOneTime?: boolean) => void;
  /** Detaches the exchange from its batch; its handlers may take `timeoutMs` from now on. */
  readonly detach: (timeoutMs?: number) => void;
}

/** A NOTIFY with one message `ask`. */
export function frameOf(streamId: number, id: string): Frame {
  const bytes = Buffer.from(notify({ streamId }).message(ask, { id }).toBytes());
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  return frame;
}

/**
 * An exchange that has read a NOTIFY with the stream-id 7 and the id `1`, and begun its ACK in a buffer of 1,000 bytes.
 *
 * @param isOneTime Whether its handlers are known to be asynchronous.
 */
export function openExchange({ isOneTime = true }: { readonly isOneTime?: boolean } = {}): ExchangeBench {
  const pool = new CountedPool();
  let [toldBytes, timeoutMs] = [0, 0];
  const calls: string[] = [];
  const answerer: Answerer = {
    settle: (_, error, isError) => void calls.push(isError ? `rejected: ${String(error)}` : 'settled'),
    settlePart: (_, part) => void calls.push(`part ${part.place} settled`),
    expire: () => void calls.push('expired'),
    expirePart: (_, part) => void calls.push(`part ${part.place} expired`),
    fail: () => void calls.push('failed'),
    noteGrowth: (bytes) => void (toldBytes += bytes),
  };
  const engine: Engine = {
    engineId: 'engine',
    maxFrameSize: 16_380,
    maxAckBytes: MAX_ACK_BYTES,
    timeoutOf: () => timeoutMs,
  };
  const exchange = new Exchange(new MessageSet([ask]), pool, 0);
  const read = (frame: Frame, isNewObjects: boolean): void => {
    exchange.read(engine, frame);
    if (isNewObjects) exchange.beginOneTime();
    exchange.ack.beginAck(Buffer.alloc(1_000), 0, 1_000, frame);
    exchange.mayGrow(MAX_ACK_BYTES);
  };
  read(frameOf(7, '1'), isOneTime);
  return {
    exchange,
    pool,
    calls,
    answerer,
    toldBytes: () => toldBytes,
    addPart: (partTimeoutMs = 0) => {
      const entry: HandlerEntry = {
        definition: ask,
        handler: () => {},
        timeoutMs: partTimeoutMs,
        fallback: () => {},
        isAsync: true,
      };
      const part = exchange.beginPart(entry, exchange.parts.length);
      exchange.waitForPart(part, new Promise(() => {}));
      return part;
    },
    readNext: (isNext = isOneTime) => read(frameOf(9, '2'), isNext),
    detach: (ms = 0) => {
      timeoutMs = ms;
      exchange.detach(answerer, performance.now());
    },
  };
}
