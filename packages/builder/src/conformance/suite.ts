import type { Case } from './case.ts';
import type { Contract } from './contract.ts';
import { disconnectCases } from './disconnect-cases.ts';
import { faultCases } from './fault-cases.ts';
import { helloCases } from './hello-cases.ts';
import { hostileCases } from './hostile-cases.ts';
import { notifyCases } from './notify-cases.ts';
import { streamCases } from './stream-cases.ts';
import { valueCases } from './value-cases.ts';
import { Vocabulary } from './vocabulary.ts';

/** All cases for a contract: the same ids in the same order for each contract. */
export function conformanceCases(contract: Contract): Case[] {
  const words = new Vocabulary(contract);
  return [
    ...helloCases(words),
    ...disconnectCases(words),
    ...notifyCases(words),
    ...valueCases(words),
    ...streamCases(words),
    ...faultCases(words),
    ...hostileCases(words),
  ];
}
