import type { HaproxyLine } from '../data/haproxy-line.ts';
import { HaproxyPreset } from '../haproxy/presets.ts';
import { connect, type ScriptedHaproxy } from '../haproxy/scripted-haproxy.ts';
import { formatViolations, type Violation } from '../validate/validate.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';
import type { Output } from './output.ts';
import { openSocket, type AgentTarget } from './target.ts';

/** Releases of HAProxy by name, with their line. */
const LINES: Readonly<Record<string, HaproxyLine>> = {
  '2.6': '2.6',
  '3.0': '3.0',
  '3.1': '3.1',
  '3.2': '3.2',
  '3.4': '3.2',
};

/** How long an agent may take to answer a HAPROXY-DISCONNECT and close, in milliseconds. */
const GOODBYE_MS = 1000;

/** The option for the release of HAProxy. */
export const haproxyOption: OptionSpecs = {
  haproxy: {
    value: 'RELEASE',
    choices: Object.keys(LINES),
    about: `the release of HAProxy to imitate: ${Object.keys(LINES).join(', ')}; 3.4 by default`,
  },
};

/** The line of HAProxy that `--haproxy` names. */
export function lineOf(args: Arguments): HaproxyLine {
  return LINES[args.text('haproxy') ?? '3.4'] ?? '3.2';
}

/** Options of a connection to an agent. */
export interface PeerOptions {
  readonly haproxy: HaproxyLine | HaproxyPreset;
  /** Whether a broken rule of SPOP ends the conversation. */
  readonly strict: boolean;
  readonly variablePrefix?: string | undefined;
  /** Whether the target's time is for all steps together, and not for each. */
  readonly isTotal?: boolean;
}

/** Connects a scripted HAProxy to an agent. @throws {PeerFailure} when it cannot be reached. */
export async function openPeer(target: AgentTarget, options: PeerOptions): Promise<ScriptedHaproxy> {
  const start = performance.now();
  const socket = await openSocket(target);
  const left = Math.max(1, Math.ceil(target.timeoutMs - (performance.now() - start)));
  const { haproxy, strict, variablePrefix, isTotal = false } = options;
  return connect(socket, { haproxy, strict, variablePrefix, timeoutMs: isTotal ? left : target.timeoutMs });
}

/** Ends a conversation as HAProxy does when it stops. @returns What the agent failed to do; undefined if nothing. */
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

/** Reports the rules that an agent broke. @returns Whether one of them is an error. */
export function reportViolations(violations: readonly Violation[], output: Output): boolean {
  for (const violation of violations) output.warn(formatViolations([violation]));
  return violations.some(({ severity }) => severity === 'error');
}
