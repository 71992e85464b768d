import { FrameType } from '@spop/codec';
import { frame, haproxyDisconnect } from '../build/frames.ts';
import { concat } from '../data/text.ts';
import type { Case } from './case.ts';
import { ANY_ERROR, disconnect, type Vocabulary } from './vocabulary.ts';

const SOURCE = 'SPOE.txt §3.2.8, §3.2.9';
const ANY_STATUS = [0, ...ANY_ERROR];

/** Cases on how HAProxy ends a connection. */
export function disconnectCases(words: Vocabulary): Case[] {
  const normal = haproxyDisconnect().toBytes();
  const leaving = (id: string, title: string, bytes: Uint8Array, ...status: number[]): Case =>
    words.one('must', `3.2.8/${id}`, title, SOURCE, { send: [bytes], expect: [disconnect(...status)] });
  return [
    leaving('normal', 'a HAPROXY-DISCONNECT 0 is answered with an AGENT-DISCONNECT 0', normal, 0),
    words.one('must', '3.2.9/closes', 'the agent closes the connection after its AGENT-DISCONNECT', SOURCE, {
      send: [normal],
      expect: [disconnect(...ANY_STATUS)],
      closes: true,
    }),
    words.one(
      'must',
      '3.2.9/closes-after-error',
      'the agent closes the connection after an AGENT-DISCONNECT for an error',
      SOURCE,
      {
        send: [frame(FrameType.Notify, { streamId: 1, frameId: 1 }, 'ff').toBytes()],
        expect: [disconnect()],
        closes: true,
      },
    ),
    ...[1, 2, 3, 4, 13, 99].map((status) =>
      leaving(
        `status-${status}`,
        `a HAPROXY-DISCONNECT ${status} is answered`,
        haproxyDisconnect({ statusCode: status, message: 'bye' }).toBytes(),
        ...ANY_STATUS,
      ),
    ),
    leaving(
      'status-unknown',
      'a HAPROXY-DISCONNECT with a status code of no meaning is answered',
      haproxyDisconnect({ statusCode: 4_294_967_295, message: 'bye' }).toBytes(),
      ...ANY_STATUS,
    ),
    leaving(
      'long-message',
      'a HAPROXY-DISCONNECT with a message of 10,000 bytes is answered',
      haproxyDisconnect({ message: 'x'.repeat(10_000) }).toBytes(),
      ...ANY_STATUS,
    ),
    words.one('hygiene', '3.2.8/empty', 'a HAPROXY-DISCONNECT without items ends the connection', SOURCE, {
      send: [frame(FrameType.HaproxyDisconnect).toBytes()],
      expect: [disconnect(...ANY_STATUS), { kind: 'closed' }],
    }),
    words.one('hygiene', '3.2.8/malformed', 'a HAPROXY-DISCONNECT that cannot be read ends the connection', SOURCE, {
      send: [frame(FrameType.HaproxyDisconnect, {}, 'f0ff').toBytes()],
      expect: [disconnect(...ANY_STATUS), { kind: 'closed' }],
    }),
    words.one(
      'must',
      '3.2.8/after-it-nothing',
      'a NOTIFY after a HAPROXY-DISCONNECT gets no ACK',
      'SPOE.txt §3.2.8: the agent must close the socket',
      {
        send: [concat([normal, words.notify(7)])],
        expect: [disconnect(...ANY_STATUS)],
      },
    ),
  ];
}
