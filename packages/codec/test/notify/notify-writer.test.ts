import { describe, expect, it } from 'vitest';
import { bool, int64, ipv4, MessageReader, NotifyWriter, string } from '../../src/index.ts';
import { fault, frameBytes, hex, message, notifyBytes, onlyFrame, thrown, toHex } from '../bytes.ts';

const CANARY = 0xee;

function written(write: (notify: NotifyWriter) => void, limit: number = 40_000): string {
  const bytes = Buffer.alloc(limit + 20, CANARY);
  const notify = new NotifyWriter();
  notify.beginNotify(bytes, 3, limit + 3, 1, 1);
  write(notify);
  const end = notify.end();
  expect(bytes.subarray(limit + 3).every((byte) => byte === CANARY)).toBe(true);
  return toHex(bytes, 3, end);
}

function expected(...messages: Uint8Array[]): string {
  return toHex(notifyBytes(Buffer.concat(messages)));
}

describe('NotifyWriter', () => {
  it('writes a NOTIFY without messages', () => {
    expect(written(() => undefined)).toBe(expected());
  });

  it('writes messages with their arguments, counted for each', () => {
    const bytes = written((notify) => {
      notify.message('one');
      notify.argument('ip', ipv4, '192.0.2.1');
      notify.argument('', bool, true);
      notify.nullArgument('n');
      notify.message('two');
      notify.message('é');
      notify.argument('é', string, '€');
    });
    expect(bytes).toBe(
      expected(
        message('one', [
          ['ip', '06c0000201'],
          ['', '11'],
          ['n', '00'],
        ]),
        message('two'),
        message('é', [['é', '0803e282ac']]),
      ),
    );
  });

  it('writes ids of any size, and fragments', () => {
    const bytes = Buffer.alloc(64);
    const notify = new NotifyWriter();
    notify.beginNotify(bytes, 0, 64, (1n << 64n) - 1n, 2 ** 32, 0);
    const ids = { streamId: (1n << 64n) - 1n, frameId: 1n << 32n, flags: 0 };
    expect(toHex(bytes, 0, notify.end())).toBe(toHex(frameBytes(3, hex(''), ids)));
  });

  it('takes 255 arguments in a message, and no more', () => {
    const bytes = written((notify) => {
      notify.message('m');
      for (let i = 0; i < 255; i++) notify.argument('a', int64, i);
      for (const add of [() => notify.argument('a', int64, 0), () => notify.nullArgument('a')]) {
        expect(fault(add)).toEqual(['SPOP_MISUSE', undefined, -1]);
      }
      notify.message('m');
      notify.argument('a', int64, 7);
    });
    const messages = new MessageReader();
    messages.read(onlyFrame(hex(bytes)));
    expect([messages.next(), messages.argumentCount]).toEqual([true, 255]);
    expect([messages.next(), messages.argumentCount, messages.next()]).toEqual([true, 1, false]);
  });

  it('refuses an argument before a message', () => {
    const bytes = written((notify) => {
      expect(fault(() => notify.argument('a', bool, true))).toEqual(['SPOP_MISUSE', undefined, -1]);
      expect(fault(() => notify.nullArgument('a'))).toEqual(['SPOP_MISUSE', undefined, -1]);
    });
    expect(bytes).toBe(expected());
  });

  it('does not add to the message of the frame before', () => {
    const notify = new NotifyWriter();
    notify.beginNotify(Buffer.alloc(64), 0, 64, 1, 1);
    notify.message('m');
    notify.end();
    notify.beginNotify(Buffer.alloc(64), 0, 64, 1, 1);
    expect(thrown(() => notify.argument('a', bool, true)).code).toBe('SPOP_MISUSE');
  });

  it('writes each message and argument whole or not at all, and nothing past its limit', () => {
    const steps: [string, (notify: NotifyWriter) => void, Buffer][] = [
      ['message', (notify) => notify.message('second'), message('second')],
      [
        'argument',
        (notify) => notify.argument('name', string, 'valué'),
        Buffer.concat([hex('046e616d65'), hex('080676616c75c3a9')]),
      ],
      ['null argument', (notify) => notify.nullArgument('name'), hex('046e616d65 00')],
    ];
    for (const [label, step, addition] of steps) {
      const before = notifyBytes(message('m', [['a', '11']]));
      for (let limit = before.length; limit <= before.length + addition.length; limit++) {
        const bytes = Buffer.alloc(100, CANARY);
        const notify = new NotifyWriter();
        notify.beginNotify(bytes, 0, limit, 1, 1);
        notify.message('m');
        notify.argument('a', bool, true);
        if (limit === before.length + addition.length) {
          step(notify);
          expect([label, notify.end()]).toEqual([label, limit]);
        } else {
          expect([label, limit, thrown(() => step(notify)).code]).toEqual([label, limit, 'SPOP_FRAME_FULL']);
          expect([label, toHex(bytes, 0, notify.end())]).toEqual([label, toHex(before)]);
        }
        expect(bytes.subarray(limit).every((byte) => byte === CANARY)).toBe(true);
      }
    }
  });
});
