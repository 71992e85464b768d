import { agentFaults } from './agent-faults.ts';
import { builderFaults } from './builder-faults.ts';
import { codecFaults } from './codec-faults.ts';
import { exampleFaults } from './example-faults.ts';
import type { Fault } from './fault.ts';
import { lifeFaults } from './life-faults.ts';
import { listenFaults } from './listen-faults.ts';
import { observeFaults } from './observe-faults.ts';
import { textFaults } from './text-faults.ts';

/** Every fault that a test has to notice, by area. */
export const areas: readonly (readonly Fault[])[] = [
  codecFaults,
  textFaults,
  agentFaults,
  listenFaults,
  observeFaults,
  lifeFaults,
  builderFaults,
  exampleFaults,
];

/** All of them, area by area. */
export const faults: readonly Fault[] = areas.flat();
