import { describe, expect, it, vi } from 'vitest';
import {
  ActionReader,
  address,
  AddressReader,
  argumentState,
  defineMessage,
  type MessageOf,
  MessageSet,
  Notify,
  optional,
  SpopError,
  string,
} from '../src/index.ts';
import { message, notifyFrame, onlyFrame, thrown } from './bytes.ts';

/** The same package a second time, as if an application and its agent had one each. */
vi.resetModules();
const other = await import('../src/index.ts');

const ask = other.defineMessage('ask', { id: other.string, name: other.optional(other.string) });

function readByOther(): MessageOf<typeof ask> {
  const notify = new other.Notify(new other.MessageSet([ask]));
  notify.read(notifyFrame([message('ask', [['id', '080131']])]));
  return notify.get(ask)!;
}

describe('two copies of the codec', () => {
  it('are two', () => {
    expect(other.SpopError).not.toBe(SpopError);
  });

  it('know each other’s errors', () => {
    const error = new other.SpopError('SPOP_TRUNCATED', 'why');
    expect([error instanceof SpopError, new SpopError('SPOP_TRUNCATED', 'why') instanceof other.SpopError]).toEqual([
      true,
      true,
    ]);
  });

  it('count nothing else as one', () => {
    class Own extends SpopError {}
    const foreign = Object.assign(new Error('why'), { code: 'SPOP_TRUNCATED' });
    const laidOutOtherwise = Object.assign(new Error('why'), { [Symbol.for('@spop/codec/error')]: 2 });
    for (const each of [foreign, laidOutOtherwise, { code: 'SPOP_TRUNCATED' }, null, undefined, 'SPOP_TRUNCATED']) {
      expect(each instanceof SpopError).toBe(false);
    }
    expect(new SpopError('SPOP_TRUNCATED', 'why') instanceof Own).toBe(false);
    expect(new Own('SPOP_TRUNCATED', 'why') instanceof Own).toBe(true);
    expect(new Own('SPOP_TRUNCATED', 'why') instanceof SpopError).toBe(true);
  });

  it('report the argument state of each other’s messages', () => {
    const view = readByOther();
    expect([argumentState(view, 'id'), argumentState(view, 'name')]).toEqual(['present', 'missing']);
    const error = thrown(() => Reflect.apply(argumentState, undefined, [view, 'port']));
    expect(error.code).toBe('SPOP_INVALID_NAME');
  });

  it('read messages that the other has declared', () => {
    const notify = new Notify(new MessageSet([ask]));
    notify.read(notifyFrame([message('ask', [['id', '080131']])]));
    expect(notify.get(ask)?.id.toString()).toBe('1');
    const own = defineMessage('own', { id: optional(string) });
    expect(notify.get(own)).toBeUndefined();
  });

  it('accept each other’s networks', () => {
    const addressed = defineMessage('addressed', { ip: address });
    const notify = new Notify(new MessageSet([addressed]));
    notify.read(notifyFrame([message('addressed', [['ip', '060a000001']])]));
    const { ip } = notify.get(addressed)!;
    expect(['10.0.0.0/8', '192.0.2.0/24'].map((text) => ip.isWithin(other.defineNetwork(text)))).toEqual([true, false]);
  });

  it('read text in each other’s arguments, and write the addresses found there', () => {
    const notify = new other.Notify(new other.MessageSet([ask]));
    notify.read(notifyFrame([message('ask', [['id', `080b${Buffer.from('2001:db8::1').toString('hex')}`]])]));
    const { id } = notify.get(ask)!;
    const found = new AddressReader().read(id)!;
    expect(found.toString()).toBe('2001:db8::1');
    const out = Buffer.alloc(64);
    const ack = new other.AckWriter();
    ack.beginAck(out, 0, out.length, notifyFrame([]));
    ack.set(other.defineVariable('txn', 'ip', other.address), found);
    const actions = new ActionReader();
    actions.read(onlyFrame(out.subarray(0, ack.end())));
    expect([actions.next(), actions.value.toString()]).toEqual([true, '2001:db8::1']);
  });

  it('report another copy with a different layout', () => {
    const view = { [Symbol.for('@spop/codec/view')]: 2 };
    expect(thrown(() => argumentState(view, 'id'))).toMatchObject({
      code: 'SPOP_MISUSE',
      reason:
        'expected a message view of layout 1; found one of layout 2, of another version of @spop/codec. ' +
        'Install one version, or import from @spop/agent alone',
    });
  });
});
