/** The topics of the cases, and the effect of a failure in operation. */
import type { Case } from '../../packages/builder/src/conformance/case.ts';
import { anyAnswer } from '../../packages/builder/src/conformance/contract.ts';
import { disconnectCases } from '../../packages/builder/src/conformance/disconnect-cases.ts';
import { faultCases } from '../../packages/builder/src/conformance/fault-cases.ts';
import { helloCases } from '../../packages/builder/src/conformance/hello-cases.ts';
import { helloRefusals } from '../../packages/builder/src/conformance/hello-refusals.ts';
import { hostileCases } from '../../packages/builder/src/conformance/hostile-cases.ts';
import { notifyCases } from '../../packages/builder/src/conformance/notify-cases.ts';
import { streamCases } from '../../packages/builder/src/conformance/stream-cases.ts';
import { valueCases } from '../../packages/builder/src/conformance/value-cases.ts';
import { Vocabulary } from '../../packages/builder/src/conformance/vocabulary.ts';

/** Cases about one subject. */
export interface Topic {
  readonly title: string;
  /** The effect of a failure in operation, and when it shows. */
  readonly meaning: string;
  readonly ids: ReadonlySet<string>;
}

const words = new Vocabulary(anyAnswer('check-client-ip', 'ip'));

/** The ids of `cases` without those of `others`. */
function idsOf(cases: readonly Case[], others: readonly Case[] = []): ReadonlySet<string> {
  const left = new Set(cases.map(({ id }) => id));
  for (const { id } of others) left.delete(id);
  return left;
}

const ids = (cases: readonly Case[]): readonly Case[] => cases.filter(({ id }) => /-id-\d|both-ids/.test(id));
const values = valueCases(words);
const refusals = helloRefusals(words);

/** The topics, in the order of a connection's life. Every case belongs to one. */
export const TOPICS: readonly Topic[] = [
  {
    title: 'a right HELLO',
    meaning:
      'The agent refuses a HELLO of HAProxy’s, or one that SPOE.txt allows, or answers it in a way that some release of HAProxy refuses: checks report DOWN, and requests go on without the agent. The cases include the HELLOs of today’s HAProxys',
    ids: idsOf(helloCases(words), refusals),
  },
  {
    title: 'a wrong HELLO',
    meaning:
      'The agent accepts a peer whose version or frame size it does not support. No HAProxy of today sends such a HELLO; a peer that does so by mistake gets no error, and wrong answers later',
    ids: idsOf(refusals),
  },
  {
    title: 'messages and arguments',
    meaning:
      'A question that a HAProxy configuration can ask is not answered, or answered with another argument’s value: the request goes on without the variable, or with a wrong one',
    ids: idsOf(notifyCases(words)),
  },
  {
    title: 'values',
    meaning:
      'The agent misreads a value of some type or size, or the bytes after it: some requests get wrong variables',
    ids: idsOf(values, ids(values)),
  },
  {
    title: 'ids',
    meaning:
      'The answer has another id, and its request waits until HAProxy’s timeout. HAProxy’s ids have stayed below 2^32 so far',
    ids: idsOf(ids(values)),
  },
  {
    title: 'many frames, and pieces of frames',
    meaning:
      'Requests lose their answers when the network splits frames at other bytes, or under load. Only HAProxy 3.0 and older send fragments, and only to agents that announce them; to any other agent they reconnect for each question above the frame size',
    ids: idsOf(streamCases(words)),
  },
  {
    title: 'the end of a connection',
    meaning:
      'HAProxy 3.0 and older send a DISCONNECT when they are idle or reloaded, and wait for the answer until their timeout. Later releases close without one',
    ids: idsOf(disconnectCases(words)),
  },
  {
    title: 'wrong frames',
    meaning:
      'The agent answers bytes that are not a frame as if they were one, or waits for more. No HAProxy sends them, but a fault on the network, or a stranger at the port, is not noticed',
    ids: idsOf(faultCases(words)),
  },
  {
    title: 'strangers and broken peers',
    meaning:
      'The agent keeps connections of port scanners, of other protocols and of dead peers, or other connections lose their answers. Anyone who reaches the port can exploit that',
    ids: idsOf(hostileCases(words)),
  },
];
