import { describe, expect, it } from 'vitest';
import { compareAcks } from '../../src/cli/compared-acks.ts';
import { ack, data, type AckBuilder, type AckFrame } from '../../src/index.ts';

describe('compareAcks', () => {
  const frames = (...built: readonly AckBuilder[]): AckFrame[] =>
    built.map((one) => one.toFrame()).filter((one) => one.type === 'ACK');
  const recorded = frames(
    ack()
      .setVar('txn', 'a', data.binary('one'))
      .setVar('txn', 'b', 2n ** 62n),
    ack({ streamId: 2 }),
  );

  it('compares values of every type', () => {
    const result = compareAcks(recorded, recorded, false);
    expect(result).toEqual({ same: 2, differences: [], added: 0 });
    const other = frames(
      ack()
        .setVar('txn', 'a', data.binary('two'))
        .setVar('txn', 'b', 2n ** 62n),
      ack({ streamId: 3 }),
    );
    expect(compareAcks(recorded, other, false)).toEqual({
      same: 0,
      differences: [
        {
          notify: '1:1',
          recorded: 'set-var txn.a = BINARY of 3 bytes; set-var txn.b = INT64 4611686018427387904',
          replayed: 'set-var txn.a = BINARY of 3 bytes; set-var txn.b = INT64 4611686018427387904',
        },
        { notify: '2:1', recorded: 'no actions', replayed: undefined },
      ],
      added: 1,
    });
  });

  it('compares types and names only, if the values were replaced', () => {
    const other = frames(ack().setVar('txn', 'a', data.binary('xxxx')).setVar('txn', 'b', 0), ack({ streamId: 2 }));
    expect(compareAcks(recorded, other, true)).toEqual({ same: 2, differences: [], added: 0 });
    const text = frames(ack().setVar('txn', 'a', 'xxx').setVar('txn', 'b', 0), ack({ streamId: 2 }));
    expect(compareAcks(recorded, text, true)).toMatchObject({ same: 1, differences: [{ notify: '1:1' }] });
  });

  it('counts what is missing, different and added apart', () => {
    const answer = (streamId: number, value: number): AckBuilder => ack({ streamId }).setVar('txn', 'a', value);
    const before = frames(answer(1, 1), answer(2, 2), answer(3, 3));
    const now = frames(answer(4, 4), answer(3, 9), answer(5, 5), answer(6, 6));
    expect(compareAcks(before, now, false)).toEqual({
      same: 0,
      differences: [
        { notify: '1:1', recorded: 'set-var txn.a = INT64 1', replayed: undefined },
        { notify: '2:1', recorded: 'set-var txn.a = INT64 2', replayed: undefined },
        { notify: '3:1', recorded: 'set-var txn.a = INT64 3', replayed: 'set-var txn.a = INT64 9' },
      ],
      added: 3,
    });
  });

  it('compares ACKs with the same ids in their order', () => {
    const [one, two] = frames(ack().setVar('txn', 'a', 1), ack().setVar('txn', 'a', 2));
    expect(compareAcks([one!, two!], [one!, two!], false)).toMatchObject({ same: 2, added: 0 });
    expect(compareAcks([one!, two!], [two!, one!], false)).toMatchObject({ same: 0, added: 0 });
    expect(compareAcks([one!], [one!, two!], false)).toMatchObject({ same: 1, added: 1 });
  });
});
