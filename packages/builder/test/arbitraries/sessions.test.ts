import { describe, expect, it } from 'vitest';
import { type Session, session } from '../../src/arbitraries.ts';
import { agentDisconnect, agentHello, haproxy, haproxyDisconnect, type PlainFrame } from '../../src/index.ts';
import { always, ends, sample, shrunk } from './samples.ts';

const framesOf = ({ writes }: Session): PlainFrame[] => writes.map(({ frame }) => frame);

function idsOf(frames: readonly PlainFrame[], type: PlainFrame['type']): string[] {
  return frames.flatMap((frame) => (frame.type === type ? [`${frame.streamId}:${frame.frameId}`] : []));
}

/** The number of ids that are less than the one before. */
function steps(ids: readonly string[]): number {
  const numbers = ids.map((id) => Number.parseInt(id, 10));
  return numbers.filter((number, index) => number < (numbers[index - 1] ?? 0)).length;
}

describe('a session', () => {
  it('begins with the HELLO of its line and the answer', () => {
    for (const { line, writes } of sample(session(), 8)) {
      const hello = writes[0]?.frame;
      const items = hello !== undefined && 'items' in hello ? hello.items.map(({ name }) => name) : [];
      const usual = haproxy(line).hello().toFrame();
      expect(writes[0]).toMatchObject({ from: 'haproxy', frame: { type: 'HAPROXY-HELLO' } });
      expect(items).toEqual('items' in usual ? usual.items.map(({ name }) => name) : []);
      expect(writes[1]).toEqual({ from: 'agent', frame: agentHello({ capabilities: 'pipelining' }).toFrame() });
    }
  });

  it('ends with a DISCONNECT of each side, or with neither', () => {
    const endings = sample(session(), 12).map((one) => {
      const first = one.writes.findIndex(({ frame }) => frame.type.endsWith('DISCONNECT'));
      return first < 0 ? [] : one.writes.slice(first);
    });
    const both = [
      { from: 'haproxy', frame: haproxyDisconnect().toFrame() },
      { from: 'agent', frame: agentDisconnect().toFrame() },
    ];
    for (const ending of endings) expect([[], both]).toContainEqual(ending);
    expect(new Set(endings.map(({ length }) => length)).size).toBe(2);
  });

  it('is of any line', () => {
    expect([...new Set(sample(session({ maxNotifies: 0 }), 40).map(({ line }) => line))].toSorted()).toEqual([
      '2.6',
      '3.0',
      '3.1',
      '3.2',
    ]);
  });

  it('shrinks to the two HELLOs', () => {
    expect(shrunk(session()).map(({ writes }) => writes.length)).toEqual(always(2));
  });

  it('has NOTIFYs with the ids of HAProxy, each of which has one ACK after it', () => {
    for (const one of sample(session(), 12)) {
      const frames = framesOf(one);
      const preset = haproxy(one.line);
      const asked = idsOf(frames, 'NOTIFY');
      expect(asked).toEqual(
        idsOf(
          asked.map(() => preset.notify().toFrame()),
          'NOTIFY',
        ),
      );
      expect(idsOf(frames, 'ACK').toSorted()).toEqual(asked.toSorted());
      for (const id of asked) {
        const at = (type: PlainFrame['type']): number =>
          frames.findIndex((frame) => frame.type === type && idsOf([frame], type)[0] === id);
        expect(at('ACK')).toBeGreaterThan(at('NOTIFY'));
      }
      for (const { from, frame } of one.writes) {
        expect(from).toBe(frame.type === 'NOTIFY' || frame.type.startsWith('HAPROXY') ? 'haproxy' : 'agent');
        expect(frame.flags).toBe(1);
      }
    }
  });

  it('has up to six NOTIFYs, or as many as the caller wants', () => {
    const counts = (sessions: readonly Session[]): [number, number] =>
      ends(sessions.map((one) => idsOf(framesOf(one), 'NOTIFY').length));
    expect(counts(sample(session(), 40))).toEqual([0, 6]);
    expect(counts(sample(session({ maxNotifies: 2 }), 20))).toEqual([0, 2]);
    expect(counts(sample(session({ maxNotifies: 30 }), 10))[1]).toBe(30);
  });

  it('has one to three messages in a NOTIFY, and one to four actions in an ACK', () => {
    const frames = sample(session(), 30).flatMap(framesOf);
    expect(ends(frames.flatMap((frame) => (frame.type === 'NOTIFY' ? [frame.messages.length] : [])))).toEqual([1, 3]);
    expect(ends(frames.flatMap((frame) => (frame.type === 'ACK' ? [frame.actions.length] : [])))).toEqual([1, 4]);
  });

  it('has values in messages as HAProxy sends them', () => {
    const frames = sample(session(), 30).flatMap(framesOf);
    const messages = frames.flatMap((frame) => (frame.type === 'NOTIFY' ? frame.messages : []));
    const types = messages.flatMap(({ args }) => args.map(({ value }) => value.type));
    expect([...new Set(types)].toSorted()).toEqual(['binary', 'bool', 'int64', 'ipv4', 'ipv6', 'null', 'string']);
  });

  it('has an ACK at once, or after four more NOTIFYs at most', () => {
    const delays = sample(session({ maxNotifies: 12 }), 12).flatMap((one) => {
      const types = framesOf(one);
      return types.flatMap((frame, index) => {
        if (frame.type !== 'ACK') return [];
        const before = idsOf(types.slice(0, index), 'NOTIFY');
        return [before.length - 1 - before.indexOf(`${frame.streamId}:${frame.frameId}`)];
      });
    });
    expect(ends(delays)).toEqual([0, 4]);
    expect([...new Set(delays)].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  it('has the ACKs after the last NOTIFY in the order in which they are due', () => {
    // In the order of the NOTIFYs there would be one step back, between those that are due and the others.
    const most = sample(session(), 10, 58).map((one) => {
      const frames = framesOf(one);
      return steps(idsOf(frames.slice(frames.findLastIndex(({ type }) => type === 'NOTIFY')), 'ACK'));
    });
    expect(Math.max(...most)).toBe(2);
  });
});
