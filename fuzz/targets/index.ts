import { addressTextTarget } from './address-text.ts';
import { actionsTarget, frameStreamTarget, messageWalkTarget, typedDataTarget } from './frames.ts';
import { connectionTarget } from './connection.ts';
import { handshakeTarget } from './handshake.ts';
import { kvListTarget } from './kv-list.ts';
import { notifyViewTarget } from './notify-view.ts';
import { outputTarget } from './output.ts';
import type { AnyTarget } from './target.ts';
import { textTarget } from './text.ts';
import { varintTarget } from './varint.ts';

/** Everything that is fuzzed, by name. */
export const targets: readonly AnyTarget[] = [
  varintTarget,
  typedDataTarget,
  frameStreamTarget,
  messageWalkTarget,
  notifyViewTarget,
  kvListTarget,
  actionsTarget,
  addressTextTarget,
  textTarget,
  handshakeTarget,
  connectionTarget,
  outputTarget,
];
