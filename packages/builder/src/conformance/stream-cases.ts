import { FrameType } from '@spop/codec';
import { frame, unset } from '../build/frames.ts';
import { concat } from '../data/text.ts';
import type { Case, ExpectedAck, Outcome, Script } from './case.ts';
import { disconnect, HELLO, messageOf, notifyOf, oneByOne, REFUSED_OR_CLOSED, type Vocabulary } from './vocabulary.ts';

const TCP = 'TCP keeps no boundaries';
const FRAGMENTS =
  'SPOE.txt §3.2: fragmentation; HAProxy 2.6 to 3.0 send fragments where the agent announces it (src/flt_spoe.c)';

/** Cases of several frames on a connection, in pieces or at once, of fragments, and of several connections. */
export function streamCases(words: Vocabulary): Case[] {
  return [...pipelinedCases(words), ...splitCases(words), ...fragmentCases(words), ...connectionCases(words)];
}

/** NOTIFYs with the ids of HAProxy 3.1 and later, and their ACKs. */
function numbered(words: Vocabulary, count: number): { sent: Uint8Array[]; expect: Outcome[] } {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const acks: ExpectedAck[] = indexes.map((index) => words.ack(index % 251, 2 * index + 1));
  return {
    sent: indexes.map((index) => words.notify(index % 251, 2 * index + 1)),
    expect: [{ kind: 'acks', acks }],
  };
}

function pipelinedCases(words: Vocabulary): Case[] {
  const pipelined = (id: string, title: string, send: readonly Uint8Array[], expect: readonly Outcome[]): Case => ({
    ...words.one('must', `3.2.1/${id}`, title, 'SPOE.txt §3.2.1: pipelining; at most 20 of HAProxy (src/mux_spop.c)', {
      send,
      expect,
    }),
    needs: 'pipelining',
  });
  const [two, twenty, many] = [numbered(words, 2), numbered(words, 20), numbered(words, 1000)];
  const [first = HELLO, second = HELLO] = two.sent;
  const whole = concat(two.sent);
  return [
    pipelined('two-in-one-segment', 'two NOTIFYs arrive in one segment', [whole], two.expect),
    pipelined('twenty-in-one-segment', '20 NOTIFYs arrive in one segment', [concat(twenty.sent)], twenty.expect),
    pipelined('twenty-segments', '20 NOTIFYs arrive one by one', twenty.sent, twenty.expect),
    pipelined(
      'ids-backwards',
      '20 NOTIFYs have stream-ids in descending order',
      [concat(twenty.sent.toReversed())],
      twenty.expect,
    ),
    pipelined('thousand', '1,000 NOTIFYs arrive at once', [concat(many.sent)], many.expect),
    pipelined(
      'second-in-pieces',
      'the second of two NOTIFYs arrives in two pieces',
      [whole.subarray(0, first.length + 6), whole.subarray(first.length + 6)],
      two.expect,
    ),
    pipelined(
      'segments-between-frames',
      'each segment has the end of a NOTIFY and the beginning of the next',
      [first.subarray(0, 12), concat([first.subarray(12), second.subarray(0, 12)]), second.subarray(12)],
      two.expect,
    ),
    pipelined(
      'frames-of-one-stream',
      'three NOTIFYs of one stream have frame-ids 1 to 3',
      [concat([1, 2, 3].map((id) => words.notify(id, 1, id)))],
      [{ kind: 'acks', acks: [1, 2, 3].map((id) => words.ack(id, 1, id)) }],
    ),
    pipelined(
      'same-ids',
      'two NOTIFYs with the same ids arrive at once',
      [concat([words.notify(7), words.notify(8)])],
      [{ kind: 'acks', acks: [words.ack(7), words.ack(8)] }],
    ),
    pipelined(
      'known-and-unknown',
      'NOTIFYs with an unknown message come between those with the known one',
      [concat([words.notify(1, 1), notifyOf(messageOf('something-else'), 3), words.notify(2, 5)])],
      [{ kind: 'acks', acks: [words.ack(1, 1), words.ackOf({ type: 'null' }, 3), words.ack(2, 5)] }],
    ),
    {
      ...words.one(
        'haproxy',
        '3.2.7/whole-acks',
        '20 ACKs arrive in whole frames',
        'HAProxy 3.1 and later misread an ACK that is split inside its ids (src/mux_spop.c)',
        { send: twenty.sent, expect: twenty.expect, wholeFrames: true },
      ),
      needs: 'pipelining',
    },
    {
      ...words.one(
        'hygiene',
        '3.2.9/after-malformed',
        'a NOTIFY in the same segment as a malformed one before it gets no ACK',
        'SPOE.txt §3.2.9',
        {
          send: [concat([notifyOf(Uint8Array.of(0xff)), words.notify(8, 3)])],
          expect: REFUSED_OR_CLOSED,
        },
      ),
    },
  ];
}

function splitCases(words: Vocabulary): Case[] {
  const bytes = words.notify(7);
  const expect: Outcome[] = [{ kind: 'acks', acks: [words.ack(7)] }];
  const split = (offset: number): Script => ({
    hello: HELLO,
    send: [bytes.subarray(0, offset), bytes.subarray(offset)],
    expect,
  });
  const everywhere = Array.from({ length: bytes.length - 1 }, (_, index) => split(index + 1));
  const between = (id: string, title: string, offset: number): Case =>
    words.one('must', `3.2/${id}`, title, TCP, split(offset));
  return [
    words.one('must', '3.2/one-byte-at-a-time', 'a NOTIFY arrives one byte at a time', TCP, {
      send: oneByOne(bytes),
      expect,
    }),
    {
      id: 'spop/3.2/split-everywhere',
      class: 'must',
      title: 'a NOTIFY arrives in two pieces, split at every offset',
      source: TCP,
      scripts: everywhere,
    },
    between('split-in-its-length', 'a NOTIFY arrives in two pieces, split in its length', 2),
    between('split-after-its-length', 'a NOTIFY arrives in two pieces, split after its length', 4),
    between('split-in-its-flags', 'a NOTIFY arrives in two pieces, split in its flags', 7),
    between('split-in-its-ids', 'a NOTIFY arrives in two pieces, split between its ids', 10),
    between('split-before-its-end', 'a NOTIFY arrives in two pieces, the second of one byte', bytes.length - 1),
    words.one(
      'must',
      '3.2/split-in-a-long-id',
      'a NOTIFY arrives in two pieces, split inside a stream-id of ten bytes',
      TCP,
      {
        send: [words.notify(7, 2n ** 64n - 1n).subarray(0, 14), words.notify(7, 2n ** 64n - 1n).subarray(14)],
        expect: [{ kind: 'acks', acks: [words.ack(7, 2n ** 64n - 1n)] }],
      },
    ),
  ];
}

function fragmentCases(words: Vocabulary): Case[] {
  const payload = words.ask(7);
  const first = (part: Uint8Array, streamId = 1): Uint8Array =>
    frame(FrameType.Notify, { streamId, frameId: 1, flags: 0 }, part).toBytes();
  const next = (part: Uint8Array, flags: number, streamId = 1, frameId = 1): Uint8Array =>
    unset({ streamId, frameId, flags }, part).toBytes();
  const nothing = new Uint8Array(0);
  const joined: Outcome = { kind: 'acks', acks: [words.ack(7)] };
  /** A case of fragments; an agent that does not announce the capability may also refuse them. */
  const fragmented = (id: string, title: string, send: readonly Uint8Array[], ...expect: readonly Outcome[]): Case =>
    words.one('haproxy', `3.2/${id}`, title, FRAGMENTS, { send, expect: [...expect, disconnect(10)] });
  const last = payload.length - 1;
  return [
    fragmented(
      'two-fragments',
      'a NOTIFY in two fragments is joined',
      [first(payload.subarray(0, 5)), next(payload.subarray(5), 1)],
      joined,
    ),
    fragmented(
      'three-fragments',
      'a NOTIFY in three fragments is joined',
      [first(payload.subarray(0, 5)), next(payload.subarray(5, 20), 0), next(payload.subarray(20), 1)],
      joined,
    ),
    fragmented(
      'many-fragments',
      'a NOTIFY in fragments of one byte is joined',
      [
        first(payload.subarray(0, 1)),
        ...oneByOne(payload.subarray(1, last)).map((byte) => next(byte, 0)),
        next(payload.subarray(last), 1),
      ],
      joined,
    ),
    fragmented(
      'fragments-in-one-segment',
      'the fragments of a NOTIFY arrive in one segment',
      [concat([first(payload.subarray(0, 9)), next(payload.subarray(9), 1)])],
      joined,
    ),
    fragmented('empty-first-fragment', 'the first fragment is empty', [first(nothing), next(payload, 1)], joined),
    fragmented('empty-last-fragment', 'the last fragment is empty', [first(payload), next(nothing, 1)], joined),
    fragmented(
      'abort',
      'a fragmented NOTIFY that is given up is not answered',
      [first(payload.subarray(0, 9)), next(nothing, 3), words.notify(8, 3)],
      { kind: 'acks', acks: [words.ack(8, 3)] },
    ),
    fragmented(
      'abort-then-the-same',
      'a fragmented NOTIFY is given up, and sent again with the same ids',
      [first(payload.subarray(0, 9)), next(nothing, 3), first(payload.subarray(0, 5)), next(payload.subarray(5), 1)],
      joined,
    ),
    fragmented(
      'fragments-malformed',
      'fragments are joined to something that is no message',
      [first(payload.subarray(0, 5)), next(Uint8Array.of(255), 1)],
      disconnect(),
    ),
    fragmented(
      'fragments-of-another-stream',
      'a fragment belongs to another stream',
      [first(payload.subarray(0, 5)), next(payload.subarray(5), 1, 3)],
      disconnect(11, 12, 4),
    ),
    fragmented(
      'fragments-of-another-frame',
      'a fragment belongs to another frame of the stream',
      [first(payload.subarray(0, 5)), next(payload.subarray(5), 1, 1, 2)],
      disconnect(11, 12, 4),
    ),
    fragmented('never-finished', 'a fragmented NOTIFY that is not finished is not answered', [first(payload)], {
      kind: 'no-ack',
    }),
    words.one(
      'hygiene',
      '3.2/continuation-of-nothing',
      'a continuation of nothing is not answered',
      'SPOE.txt §3.5: status 12',
      {
        send: [next(payload, 1, 9)],
        expect: [{ kind: 'no-ack' }],
      },
    ),
  ];
}

function connectionCases(words: Vocabulary): Case[] {
  const asked = (number: number): Script => ({
    hello: HELLO,
    send: [words.notify(number)],
    expect: [{ kind: 'acks', acks: [words.ack(number)] }],
  });
  return [
    {
      id: 'spop/3.2.7/same-ids-elsewhere',
      class: 'haproxy',
      title: 'equal ids are used on four connections at once',
      source: 'HAProxy 3.1 and later count ids per connection (src/mux_spop.c)',
      scripts: [11, 22, 33, 44].map(asked),
    },
    {
      id: 'spop/3.2.3/hundred-connections',
      class: 'hygiene',
      title: '100 connections are there at once',
      source: 'HAProxy opens as many as it needs',
      scripts: Array.from({ length: 100 }, (_, index) => asked(index)),
    },
  ];
}
