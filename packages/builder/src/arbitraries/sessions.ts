import { FrameFlag } from '@spop/codec';
import * as fc from 'fast-check';
import { agentDisconnect, agentHello, haproxyDisconnect } from '../build/frames.ts';
import type { HaproxyLine } from '../data/haproxy-line.ts';
import type { AckFrame, Action, Message, PlainFrame } from '../data/model.ts';
import { haproxy } from '../haproxy/presets.ts';
import type { Side } from '../validate/connection-state.ts';
import { haproxyData } from './data.ts';
import { action, message } from './frames.ts';
import { list } from './list.ts';

/** One write of one side of a session. */
export interface SessionWrite {
  /** The side that writes. */
  readonly from: Side;
  /** The frame that it writes, as `parse` returns it. */
  readonly frame: PlainFrame;
}

/** A connection from its HELLO to its end, in which neither side breaks a rule. */
export interface Session {
  /** The line of HAProxy whose frames these are. */
  readonly line: HaproxyLine;
  /** All frames of both sides in the order in which they happen. */
  readonly writes: readonly SessionWrite[];
}

interface Exchange {
  readonly messages: readonly Message[];
  readonly actions: readonly Action[];
  /** The number of further NOTIFYs before the ACK. */
  readonly delay: number;
}

/**
 * A whole session: HELLOs, up to `maxNotifies` (6 by default) pipelined NOTIFYs with ACKs in any order, and an end with or
 * without DISCONNECTs.
 */
export function session(constraints: { readonly maxNotifies?: number | undefined } = {}): fc.Arbitrary<Session> {
  return fc
    .record({
      line: fc.constantFrom<HaproxyLine[]>('3.2', '3.1', '3.0', '2.6'),
      exchanges: list(
        fc.record({
          messages: fc.array(message({ data: haproxyData() }), { minLength: 1, maxLength: 3 }),
          actions: fc.array(action(), { minLength: 1, maxLength: 4 }),
          delay: fc.nat({ max: 4 }),
        }),
        constraints.maxNotifies ?? 6,
      ),
      disconnects: fc.boolean(),
    })
    .map(({ line, exchanges, disconnects }) => ({ line, writes: play(line, exchanges, disconnects) }));
}

function play(line: HaproxyLine, exchanges: readonly Exchange[], disconnects: boolean): SessionWrite[] {
  const preset = haproxy(line);
  const writes: SessionWrite[] = [
    { from: 'haproxy', frame: preset.hello().toFrame() },
    { from: 'agent', frame: agentHello({ capabilities: 'pipelining' }).toFrame() },
  ];
  let waiting: { due: number; ack: AckFrame }[] = [];
  for (const [index, { messages, actions, delay }] of exchanges.entries()) {
    const { streamId, frameId } = preset.notify().toFrame();
    writes.push({ from: 'haproxy', frame: { type: 'NOTIFY', flags: FrameFlag.Fin, streamId, frameId, messages } });
    waiting.push({ due: index + delay, ack: { type: 'ACK', flags: FrameFlag.Fin, streamId, frameId, actions } });
    writes.push(
      ...waiting.filter(({ due }) => due <= index).map(({ ack }) => ({ from: 'agent' as const, frame: ack })),
    );
    waiting = waiting.filter(({ due }) => due > index);
  }
  writes.push(...waiting.toSorted((a, b) => a.due - b.due).map(({ ack }) => ({ from: 'agent' as const, frame: ack })));
  if (!disconnects) return writes;
  return [
    ...writes,
    { from: 'haproxy', frame: haproxyDisconnect().toFrame() },
    { from: 'agent', frame: agentDisconnect().toFrame() },
  ];
}
