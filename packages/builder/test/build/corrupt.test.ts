import { describe, expect, it } from 'vitest';
import {
  ack,
  agentHello,
  corrupt,
  corruptions,
  corruptionsOf,
  data,
  fragment,
  haproxyDisconnect,
  haproxyHello,
  notify,
  parseStream,
  unset,
  type CorruptionName,
  type FrameBuilder,
} from '../../src/index.ts';

const frames: Readonly<Record<string, FrameBuilder>> = {
  'HAPROXY-HELLO': haproxyHello(),
  'AGENT-HELLO': agentHello(),
  DISCONNECT: haproxyDisconnect(),
  NOTIFY: notify()
    .message('first', { a: 1, b: 'text' })
    .message('second', { c: data.binary('body'), d: data.int32(-1), e: data.uint32(1) }),
  'NOTIFY without arguments': notify().message('first'),
  'NOTIFY without messages': notify(),
  ACK: ack().setVar('sess', 'score', data.int32(100)).unsetVar('txn', 'old'),
  'ACK without actions': ack(),
  UNSET: unset({}, '00 01 02'),
};

const cases = Object.entries(frames).flatMap(([label, frame]) =>
  corruptionsOf(frame).map((name): [string, CorruptionName, FrameBuilder] => [label, name, frame]),
);

describe('corrupt', () => {
  it.each(cases)('corrupts a %s by %s', (_, name, frame) => {
    const spoiled = corrupt(frame, name);
    expect(spoiled).not.toEqual(frame.toBytes());
    // With one argument too few, the meaning of the bytes depends on chance.
    if (name !== 'nb-args-too-few') expect(parseStream(spoiled).error?.code).toBe(corruptions[name].code);
  });

  it('can apply every corruption to some frame', () => {
    const applied = new Set(cases.map(([, name]) => name));
    expect([...applied].toSorted()).toEqual(Object.keys(corruptions).toSorted());
  });

  it('refuses to corrupt a part that a frame does not have', () => {
    expect(() => corrupt(ack(), 'reserved-type')).toThrow(
      /SPOP_MISUSE: expected a frame that reserved-type can corrupt/,
    );
  });

  it('leaves a count of arguments within its byte', () => {
    const many = Object.fromEntries(Array.from({ length: 255 }, (_, index) => [`a${index}`, 1]));
    expect(corruptionsOf(notify().message('m', many))).not.toContain('nb-args-too-many');
    expect(corruptionsOf(notify().message('m'))).not.toContain('nb-args-too-few');
  });

  it('can take FIN only from a frame that has it', () => {
    const [begin] = fragment(notify().message('m', { a: 'text' }), 5);
    expect(corruptionsOf(begin!)).not.toContain('fin-missing');
  });

  it('refuses more than one frame', () => {
    expect(() => corrupt(Uint8Array.of(0, 0, 0, 7, 3), 'fin-missing')).toThrow(
      /SPOP_MISUSE: expected the bytes of one/,
    );
  });
});
