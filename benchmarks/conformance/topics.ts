/** The topics of the cases. docs/conformance.md says what a failure in each of them does in operation. */
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

/** The ids of the cases about each topic, in the order of a connection's life. Every case belongs to one topic. */
export const TOPICS: Readonly<Record<string, ReadonlySet<string>>> = {
  'a right HELLO': idsOf(helloCases(words), refusals),
  'a wrong HELLO': idsOf(refusals),
  'messages and arguments': idsOf(notifyCases(words)),
  values: idsOf(values, ids(values)),
  ids: idsOf(ids(values)),
  'many frames, and pieces of frames': idsOf(streamCases(words)),
  'the end of a connection': idsOf(disconnectCases(words)),
  'wrong frames': idsOf(faultCases(words)),
  'strangers and broken peers': idsOf(hostileCases(words)),
};
