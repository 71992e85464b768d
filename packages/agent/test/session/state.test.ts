import { FrameType } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { type ConnectionState, type Reaction, reactionTo, stateAfter, type Step } from '../../src/session/state.ts';
import { spopErrorOf } from '../thrown.ts';

const UNKNOWN_TYPES = [4, 100, 104, 255];
const AGENT_TYPES = [FrameType.AgentHello, FrameType.AgentDisconnect, FrameType.Ack];

const table: readonly (readonly [ConnectionState, number, Reaction])[] = [
  ['awaiting-hello', FrameType.HaproxyHello, 'handshake'],
  ['awaiting-hello', FrameType.HaproxyDisconnect, 'disconnect'],
  ...(['ready', 'draining'] as const).flatMap((state) => [
    [state, FrameType.Notify, 'notify'] as const,
    [state, FrameType.Unset, 'continuation'] as const,
    [state, FrameType.HaproxyDisconnect, 'disconnect'] as const,
    ...UNKNOWN_TYPES.map((type) => [state, type, 'ignore'] as const),
  ]),
  ...(['leaving', 'closed'] as const).flatMap((state) =>
    [...Object.values(FrameType), ...UNKNOWN_TYPES].map((type) => [state, type, 'ignore'] as const),
  ),
];

const refused: readonly (readonly [ConnectionState, number, RegExp])[] = [
  ...[FrameType.Unset, FrameType.Notify, ...AGENT_TYPES, ...UNKNOWN_TYPES].map(
    (type) => ['awaiting-hello', type, /expected a HAPROXY-HELLO \(type 1\) first; found a frame of type \d+/] as const,
  ),
  ...(['ready', 'draining'] as const).flatMap((state) => [
    [state, FrameType.HaproxyHello, /expected one HAPROXY-HELLO per connection/] as const,
    ...AGENT_TYPES.map((type) => [state, type, /expected a frame that HAProxy sends \(types 0 to 3\)/] as const),
  ]),
];

const STATES: readonly ConnectionState[] = ['awaiting-hello', 'ready', 'draining', 'leaving', 'closed'];

const steps: Readonly<Record<Step, readonly ConnectionState[]>> = {
  // From awaiting-hello, ready, draining, leaving and closed.
  hello: ['ready', 'ready', 'draining', 'leaving', 'closed'],
  healthcheck: ['leaving', 'ready', 'draining', 'leaving', 'closed'],
  drain: ['awaiting-hello', 'draining', 'draining', 'leaving', 'closed'],
  disconnect: ['leaving', 'leaving', 'leaving', 'leaving', 'closed'],
  close: ['closed', 'closed', 'closed', 'closed', 'closed'],
};

describe('stateAfter', () => {
  it.each(Object.entries(steps))('leads after %s to %o', (step, expected) => {
    expect(STATES.map((state) => stateAfter(state, step as Step))).toEqual(expected);
  });
});

describe('reactionTo', () => {
  it.each(table)('in state %s answers a frame of type %i with: %s', (state, type, reaction) => {
    expect(reactionTo(state, type)).toBe(reaction);
  });

  it.each(refused)('in state %s refuses a frame of type %i with status 4', (state, type, reason) => {
    const error = spopErrorOf(() => reactionTo(state, type));
    expect(error).toMatchObject({ code: 'SPOP_UNEXPECTED_FRAME', status: 4, offset: 4 });
    expect(error.reason).toMatch(reason);
  });

  it('has a row above for every state and every type of frame', () => {
    const covered = [...table, ...refused].map(([state, type]) => `${state} ${type}`);
    const types = [...Object.values(FrameType), ...UNKNOWN_TYPES];
    expect(covered.toSorted()).toEqual(STATES.flatMap((state) => types.map((type) => `${state} ${type}`)).toSorted());
  });
});
