import type { HaproxyLine } from '../data/haproxy-line.ts';
import { HaproxyPreset } from '../haproxy/presets.ts';
import { connect, type ScriptedHaproxy } from '../haproxy/scripted-haproxy.ts';
import { formatViolations, type Violation } from '../validate/validate.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';
import type { Output } from './output.ts';
import { openSocket, type AgentTarget } from './target.ts';

/** Releases of HAProxy by name, and the line that speaks as they do. */
const LINES: Readonly<Record<string, HaproxyLine>> = {
  '2.6': '2.6',
  '3.0': '3.0',
  '3.1': '3.1',
  '3.2': '3.2',
  '3.4': '3.2',
};

/** How long an agent may take to say goodbye, in milliseconds. */
const GOODBYE_MS = 1000;

/** The option that says which HAProxy to be. */
export const haproxyOption: OptionSpecs = {
  haproxy: {
    value: 'RELEASE',
    choices: Object.keys(LINES),
    about: `which HAProxy to be: ${Object.keys(LINES).join(', ')}; 3.4 by default`,
  },
};

/** The line of HAProxy that `--haproxy` names. */
export function lineOf(args: Arguments): HaproxyLine {
  return LINES[args.text('haproxy') ?? '3.4'] ?? '3.2';
}

/** How to be HAProxy on one connection. */
export interface PeerOptions {
  readonly haproxy: HaproxyLine | HaproxyPreset;
  /** Whether a broken rule of SPOP ends the conversation. */
  readonly strict: boolean;
  readonly variablePrefix?: string | undefined;
  /** Whether the target's time is for everything, instead of for each step. */
  readonly isTotal?: boolean;
}

/** Connects a scripted HAProxy to an agent. @throws PeerFailure where it cannot be reached. */
export async function openPeer(target: AgentTarget, options: PeerOptions): Promise<ScriptedHaproxy> {
  const start = performance.now();
  const socket = await openSocket(target);
  const left = Math.max(1, Math.ceil(target.timeoutMs - (performance.now() - start)));
  const { haproxy, strict, variablePrefix, isTotal = false } = options;
  return connect(socket, { haproxy, strict, variablePrefix, timeoutMs: isTotal ? left : target.timeoutMs });
}

/** Ends a conversation as HAProxy does when it stops; @returns what the agent did not do of it, undefined where all went well. */
export async function leave(peer: ScriptedHaproxy): Promise<string | undefined> {
  peer.send(peer.preset.disconnect());
  try {
    await peer.closed(GOODBYE_MS);
    const answered = peer.received.some(({ type }) => type === 'AGENT-DISCONNECT');
    return answered ? undefined : 'the agent closed the connection without an AGENT-DISCONNECT';
  } catch {
    return `the agent did not close the connection within ${GOODBYE_MS} ms after a HAPROXY-DISCONNECT`;
  } finally {
    peer.close();
  }
}

/** Tells of the rules that an agent broke. @returns whether one is an error. */
export function reportViolations(violations: readonly Violation[], output: Output): boolean {
  for (const violation of violations) output.warn(formatViolations([violation]));
  return violations.some(({ severity }) => severity === 'error');
}
