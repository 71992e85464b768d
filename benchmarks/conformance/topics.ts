/** What the cases are about, and what a failure means to those who run the agent. */
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

/** Cases about one thing. */
export interface Topic {
  readonly title: string;
  /** What who runs an agent notices of a failure, and when. */
  readonly meaning: string;
  readonly ids: ReadonlySet<string>;
}

const words = new Vocabulary(anyAnswer('check-client-ip', 'ip'));

/** The ids of cases, and not those of others. */
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
      'HAProxy’s greeting, or one that SPOE.txt allows, is not taken, or is answered in a way that some release of HAProxy refuses: checks say DOWN, and requests go on without the agent. The greetings of today’s HAProxys are among them',
    ids: idsOf(helloCases(words), refusals),
  },
  {
    title: 'a wrong HELLO',
    meaning:
      'somebody whose version or frame size the agent does not know is welcomed. No HAProxy of today says such a thing; who does it by mistake sees no error, and wrong answers later',
    ids: idsOf(refusals),
  },
  {
    title: 'messages and arguments',
    meaning:
      'what a HAProxy configuration can ask is not answered, or with another argument’s value: the request goes on without the variable, or with a wrong one',
    ids: idsOf(notifyCases(words)),
  },
  {
    title: 'values',
    meaning: 'a value of some type or size is misread, or what stands after it is: wrong variables for some requests',
    ids: idsOf(values, ids(values)),
  },
  {
    title: 'ids',
    meaning:
      'the answer goes to another id, and its request waits until HAProxy’s timeout. HAProxy’s ids have stayed below 2^32 so far',
    ids: idsOf(ids(values)),
  },
  {
    title: 'many frames, and pieces of frames',
    meaning:
      'requests lose their answers where the network cuts bytes differently, or under load. Fragments come from HAProxy 3.0 and older alone, to agents that announce them; to one that does not, a question above the frame size is reconnect after reconnect',
    ids: idsOf(streamCases(words)),
  },
  {
    title: 'the end of a connection',
    meaning:
      'HAProxy 3.0 and older says goodbye when it is idle or reloaded, and waits for the answer until its timeout. Later ones close without a word',
    ids: idsOf(disconnectCases(words)),
  },
  {
    title: 'wrong frames',
    meaning:
      'bytes that are no frame are answered as if they were one, or waited on. No HAProxy sends them; a fault on the way, or whoever reaches the port, stays unseen',
    ids: idsOf(faultCases(words)),
  },
  {
    title: 'strangers and broken peers',
    meaning:
      'connections of port scanners, of other protocols and of peers that have died are kept, or cost others their answers. Whoever reaches the port can use that',
    ids: idsOf(hostileCases(words)),
  },
];
