import type { RuleId } from '../../src/index.ts';

/** The severity of a broken rule for HAProxy or the specification, and the code of a strict reader: stated a second time. */
export const severities: Readonly<Record<RuleId, readonly ['error' | 'warning', code?: string]>> = {
  'frame-too-big': ['error', 'SPOP_FRAME_TOO_BIG'],
  'frame-too-small': ['error', 'SPOP_FRAME_TOO_SMALL'],
  truncated: ['error', 'SPOP_TRUNCATED'],
  'varint-overflow': ['error', 'SPOP_VARINT_OVERFLOW'],
  'reserved-type': ['error', 'SPOP_RESERVED_TYPE'],
  'integer-range': ['error', 'SPOP_INTEGER_RANGE'],
  'invalid-action': ['error', 'SPOP_BAD_ACTION'],

  // Ignored by a reader that does not know it.
  'unknown-frame-type': ['warning'],
  'wrong-direction': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'fin-missing': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'abort-without-fragments': ['warning'],
  'reserved-flags': ['warning'],
  'ids-not-zero': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'typed-data-flags': ['warning'],

  'hello-not-first': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'hello-twice': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'agent-hello-unasked': ['warning'],
  'notify-before-agent-hello': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'after-disconnect': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'after-healthcheck': ['error', 'SPOP_UNEXPECTED_FRAME'],

  'version-missing': ['error', 'SPOP_NO_VERSION'],
  'version-format': ['error', 'SPOP_NO_VERSION'],
  'version-unsupported': ['error', 'SPOP_UNSUPPORTED_VERSION'],
  'max-frame-size-missing': ['error', 'SPOP_NO_MAX_FRAME_SIZE'],
  'max-frame-size-range': ['error', 'SPOP_BAD_MAX_FRAME_SIZE'],
  // HAProxy accepts every integer type.
  'max-frame-size-type': ['warning'],
  'capabilities-missing': ['error', 'SPOP_NO_CAPABILITIES'],
  'async-announced': ['warning'],
  'hello-above-own-limit': ['error', 'SPOP_FRAME_TOO_BIG'],
  'status-code-missing': ['error'],
  'status-code-above-99': ['warning'],
  'message-missing': ['error'],
  'item-type': ['error', 'SPOP_BAD_ITEM'],
  'item-name-empty': ['error'],
  'item-name-prefix': ['warning'],
  // The last one counts.
  'item-twice': ['warning'],

  // HAProxy 3.1.0 to 3.2.0 sends them.
  'notify-without-messages': ['warning'],
  'fragment-deprecated': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'fragment-not-announced': ['error', 'SPOP_UNEXPECTED_FRAME'],
  'fragment-not-begun': ['error', 'SPOP_FRAME_ID_NOT_FOUND'],
  'fragments-interlaced': ['error', 'SPOP_INTERLACED_FRAMES'],
  'ids-in-use': ['warning'],
  'too-many-in-flight': ['warning'],

  'ack-unknown': ['error'],
  'ack-twice': ['error'],
  'ack-empty': ['error'],
  'ack-fills-buffer': ['error'],
  'agent-bytes-at-once': ['warning'],
  'agent-hello-split': ['error'],
  'ack-header-split': ['error'],
  'variable-name-empty': ['error'],
  'variable-name-characters': ['error'],
  'variable-name-too-long': ['error'],
  'integer-turns-negative': ['warning'],
};
