import { addressTextTarget } from './address-text.ts';
import { connectionTarget } from './connection.ts';
import { frameStreamTarget, payloadTarget } from './frames.ts';
import { handshakeTarget } from './handshake.ts';
import { notifyViewTarget } from './notify-view.ts';
import { outputTarget } from './output.ts';
import type { Target } from './target.ts';
import { textTarget } from './text.ts';
import { varintTarget } from './varint.ts';

/** Everything that is fuzzed. */
export const targets: readonly Target[] = [
  varintTarget,
  frameStreamTarget,
  payloadTarget,
  notifyViewTarget,
  addressTextTarget,
  textTarget,
  handshakeTarget,
  connectionTarget,
  outputTarget,
];
