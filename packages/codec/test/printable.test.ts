import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  address,
  defineMessage,
  defineVariable,
  int32,
  int64,
  MessageSet,
  Notify,
  optional,
  string,
} from '../src/index.ts';
import { message, notifyFrame } from './bytes.ts';

const check = defineMessage('check', { path: string, ip: address, port: int32, query: optional(string) });

/** A NOTIFY with the path `/y`, the address 192.0.2.1 and the port 80. */
function readNotify(): Notify {
  const notify = new Notify(new MessageSet([check]));
  const payload = message('check', [
    ['path', '08022f79'],
    ['ip', '06c0000201'],
    ['port', '0250'],
  ]);
  notify.read(notifyFrame([payload]));
  return notify;
}

describe('JSON.stringify and util.inspect', () => {
  it('write views as text, and messages with their present arguments', () => {
    const view = readNotify().get(check)!;
    const { path, ip } = view;
    expect(JSON.stringify({ path, ip })).toBe('{"path":"/y","ip":"192.0.2.1"}');
    expect(JSON.stringify(view)).toBe('{"path":"/y","ip":"192.0.2.1","port":80}');
    expect(inspect(path)).toBe("'/y'");
    expect(inspect(view, { breakLength: Infinity })).toBe("{ path: '/y', ip: '192.0.2.1', port: 80 }");
  });

  it('quote texts of a client, and show integers that no number holds', () => {
    const wide = defineMessage('wide', { agent: string, small: optional(int32), big: int64 });
    const notify = new Notify(new MessageSet([wide]));
    notify.read(
      notifyFrame([
        message('wide', [
          // A line end and an escape sequence.
          ['agent', '08040a1b5b4b'],
          ['small', '04f0f1fefefefe00'],
          ['big', '04f0f1fefefefe00'],
        ]),
      ]),
    );
    const view = notify.get(wide)!;
    const { small } = { small: '1099511627776' };
    expect(inspect(view.agent)).toBe(String.raw`'\n\x1B[K'`);
    expect(JSON.stringify(view)).toBe(JSON.stringify({ agent: '\n\u001b[K', small, big: small }));
    expect(inspect({ ...view.agent })).not.toContain('Buffer');
    expect(JSON.stringify({ ...view.agent }).length).toBeLessThan(200);
  });

  it('write nothing of a closed frame', () => {
    const notify = readNotify();
    const view = notify.get(check)!;
    const { path } = view;
    notify.close();
    expect(() => JSON.stringify({ path })).toThrow(/SPOP_VIEW_CLOSED/);
    expect(() => JSON.stringify(view)).toThrow(/SPOP_VIEW_CLOSED/);
    expect(inspect({ path, view })).toBe(
      "{ path: '[view of a closed frame]', view: '[view of a closed frame]' }".replaceAll("'", ''),
    );
  });

  it('write no bytes of the buffers of frames and ACKs', () => {
    const secret = Buffer.from('session=secret'.repeat(9));
    const frame = notifyFrame([message('check', [])]);
    const padded = Buffer.concat([frame.bytes, secret]);
    frame.read(padded, frame.start, frame.end);
    const ack = new AckWriter();
    ack.beginAck(Buffer.concat([Buffer.alloc(64), secret]), 0, 64, frame);
    ack.set(defineVariable('txn', 'score', int32), 7);
    for (const shown of [JSON.stringify({ frame, ack }), inspect({ frame, ack }, { depth: 9 })]) {
      expect(shown).toMatch(/byteLength/);
      expect(shown.length).toBeLessThan(150);
    }
  });

  it('write the kind, flags and size of a frame, and the size of an ACK', () => {
    const frame = notifyFrame([message('check', [])]);
    expect(frame.start).toBeGreaterThan(0);
    const byteLength = frame.end - frame.start;
    expect(inspect(frame)).toBe(`{ type: 3, flags: 1, byteLength: ${byteLength} }`);
    const ack = new AckWriter();
    ack.beginAck(Buffer.alloc(64), 3, 64, frame);
    expect(inspect(ack)).toBe('{ byteLength: 11 }');
  });
});
