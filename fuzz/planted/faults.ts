import { agentFaults } from './agent-faults.ts';
import { codecFaults } from './codec-faults.ts';
import type { Fault } from './fault.ts';

/** Every fault that the properties have to catch. */
export const faults: readonly Fault[] = [...codecFaults, ...agentFaults];
