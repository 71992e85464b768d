import { connectionTarget } from './connection.ts';
import { frameStreamTarget, payloadTarget } from './frames.ts';
import { handshakeTarget } from './handshake.ts';
import { notifyViewTarget } from './notify-view.ts';
import { outputTarget } from './output.ts';
import type { Target } from './target.ts';
import { textTarget } from './text.ts';

/** Everything that is fuzzed. */
export const targets: readonly Target[] = [
  frameStreamTarget,
  payloadTarget,
  notifyViewTarget,
  textTarget,
  handshakeTarget,
  connectionTarget,
  outputTarget,
];
