import type { SpopErrorCode } from '@spop/codec';

/** One rule that bytes can break. */
export interface Rule {
  /**
   * `error` if the other side refuses, ignores or misreads the bytes; `warning` if they are legal, but careful peers do not
   * send them.
   */
  readonly severity: 'error' | 'warning';
  /** The source of the rule: a section of HAProxy's doc/SPOE.txt, or a HAProxy source file and version. */
  readonly source: string;
  /** The error code of a strict reader; see `SpopError`. */
  readonly code?: SpopErrorCode;
}

function error(source: string, code?: SpopErrorCode): Rule {
  return code === undefined ? { severity: 'error', source } : { severity: 'error', source, code };
}

function warning(source: string): Rule {
  return { severity: 'warning', source };
}

/** The stable name of a rule. */
export type RuleId =
  | 'frame-too-big'
  | 'frame-too-small'
  | 'truncated'
  | 'varint-overflow'
  | 'reserved-type'
  | 'integer-range'
  | 'invalid-action'
  | 'unknown-frame-type'
  | 'wrong-direction'
  | 'fin-missing'
  | 'abort-without-fragments'
  | 'reserved-flags'
  | 'ids-not-zero'
  | 'typed-data-flags'
  | 'hello-not-first'
  | 'hello-twice'
  | 'agent-hello-unasked'
  | 'notify-before-agent-hello'
  | 'after-disconnect'
  | 'after-healthcheck'
  | 'version-missing'
  | 'version-format'
  | 'version-unsupported'
  | 'max-frame-size-missing'
  | 'max-frame-size-range'
  | 'max-frame-size-type'
  | 'capabilities-missing'
  | 'async-announced'
  | 'hello-above-own-limit'
  | 'status-code-missing'
  | 'status-code-above-99'
  | 'message-missing'
  | 'item-type'
  | 'item-name-empty'
  | 'item-name-prefix'
  | 'item-twice'
  | 'notify-without-messages'
  | 'fragment-deprecated'
  | 'fragment-not-announced'
  | 'fragment-not-begun'
  | 'fragments-interlaced'
  | 'ids-in-use'
  | 'too-many-in-flight'
  | 'ack-unknown'
  | 'ack-twice'
  | 'ack-empty'
  | 'ack-fills-buffer'
  | 'agent-bytes-at-once'
  | 'agent-hello-split'
  | 'ack-header-split'
  | 'variable-name-empty'
  | 'variable-name-characters'
  | 'variable-name-too-long'
  | 'integer-turns-negative';

/**
 * The rules of SPOP 2.0 that `validate` checks. The rules of a strict reader come first, with the byte of each error's offset,
 * counted from the start of the frame's length field.
 */
export const rules: Readonly<Record<RuleId, Rule>> = {
  /** The length is above the limit. Offset 0. */
  'frame-too-big': error('SPOE.txt §3.2', 'SPOP_FRAME_TOO_BIG'),
  /** The length is below the seven bytes of every frame. Offset 0. */
  'frame-too-small': error('SPOE.txt §3.2', 'SPOP_FRAME_TOO_SMALL'),
  /**
   * A value runs past its frame. Offset of the value: of the length varint for a string or binary; of the first byte for
   * one of fixed size, which may be the frame's end; of the first byte for a varint whose continuation is missing.
   */
  truncated: error('SPOE.txt §3.2', 'SPOP_TRUNCATED'),
  /** A varint of more than ten bytes, or of 2^64 or more. Offset of its first byte. */
  'varint-overflow': error('SPOE.txt §3.1', 'SPOP_VARINT_OVERFLOW'),
  /** A data type of 10 to 15. Offset of the type byte. */
  'reserved-type': error('SPOE.txt §3.1', 'SPOP_RESERVED_TYPE'),
  /** An INT32 that is not a sign-extended 32-bit value, or a UINT32 of 2^32 or more. Offset of the type byte. */
  'integer-range': error('SPOE.txt §3.1', 'SPOP_INTEGER_RANGE'),
  /** An action's type, NB-ARGS or scope; HAProxy silently ignores it and all later actions. Offset of that byte. */
  'invalid-action': error('SPOE.txt §3.4', 'SPOP_BAD_ACTION'),

  'unknown-frame-type': warning('SPOE.txt §3.2.2'),
  'wrong-direction': error('SPOE.txt §3.2.2', 'SPOP_UNEXPECTED_FRAME'),
  'fin-missing': error('SPOE.txt §3.2', 'SPOP_UNEXPECTED_FRAME'),
  'abort-without-fragments': warning('SPOE.txt §3.2'),
  'reserved-flags': warning('SPOE.txt §3.2'),
  'ids-not-zero': error('SPOE.txt §3.2.4, §3.2.5, §3.2.8, §3.2.9', 'SPOP_UNEXPECTED_FRAME'),
  'typed-data-flags': warning('SPOE.txt §3.1; HAProxy include/haproxy/spoe.h compares all four bits for BOOL'),

  'hello-not-first': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_UNEXPECTED_FRAME'),
  'hello-twice': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_UNEXPECTED_FRAME'),
  'agent-hello-unasked': warning('SPOE.txt §3.2.5'),
  'notify-before-agent-hello': error('SPOE.txt §3.2.3', 'SPOP_UNEXPECTED_FRAME'),
  'after-disconnect': error('SPOE.txt §3.2.8, §3.2.9', 'SPOP_UNEXPECTED_FRAME'),
  'after-healthcheck': error('SPOE.txt §3.2.5', 'SPOP_UNEXPECTED_FRAME'),

  'version-missing': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_NO_VERSION'),
  'version-format': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_NO_VERSION'),
  'version-unsupported': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_UNSUPPORTED_VERSION'),
  'max-frame-size-missing': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_NO_MAX_FRAME_SIZE'),
  'max-frame-size-range': error('SPOE.txt §3.2, §3.2.5', 'SPOP_BAD_MAX_FRAME_SIZE'),
  'max-frame-size-type': warning('SPOE.txt §3.2.4, §3.2.5'),
  'capabilities-missing': error('SPOE.txt §3.2.4, §3.2.5', 'SPOP_NO_CAPABILITIES'),
  'async-announced': warning('SPOE.txt §3.2.1'),
  'hello-above-own-limit': error('SPOE.txt §3.2.4', 'SPOP_FRAME_TOO_BIG'),
  'status-code-missing': error('SPOE.txt §3.2.8, §3.2.9'),
  'status-code-above-99': warning('HAProxy 3.1 src/mux_spop.c indexes spop_err_reasons with it'),
  'message-missing': error('SPOE.txt §3.2.8, §3.2.9'),
  'item-type': error('SPOE.txt §3.2.4, §3.2.5, §3.2.8, §3.2.9', 'SPOP_BAD_ITEM'),
  'item-name-empty': error('HAProxy src/flt_spoe.c 2.6 and src/mux_spop.c 3.1: a HELLO with an empty key is refused'),
  'item-name-prefix': warning('HAProxy src/mux_spop.c compares only the beginning of a key'),
  'item-twice': warning('SPOE.txt §3.2.4, §3.2.5'),

  'notify-without-messages': warning('SPOE.txt §3.3; sent by HAProxy 3.1.0 to 3.2.0'),
  'fragment-deprecated': error('SPOE.txt §3.2 of HAProxy 3.1 and later', 'SPOP_UNEXPECTED_FRAME'),
  'fragment-not-announced': error('SPOE.txt §3.2.1 of HAProxy 2.6', 'SPOP_UNEXPECTED_FRAME'),
  'fragment-not-begun': error('SPOE.txt §3.2 of HAProxy 2.6', 'SPOP_FRAME_ID_NOT_FOUND'),
  'fragments-interlaced': error('SPOE.txt §3.2 of HAProxy 2.6', 'SPOP_INTERLACED_FRAMES'),
  'ids-in-use': warning('SPOE.txt §3.2.6'),
  'too-many-in-flight': warning('SPOE.txt §3.2.1; HAProxy src/mux_spop.c: 20 with pipelining, 1 without'),

  'ack-unknown': error('SPOE.txt §3.2.7'),
  'ack-twice': error('SPOE.txt §3.2.6'),
  'ack-empty': error('HAProxy 3.1.0 src/mux_spop.c waits for a payload until the processing timeout'),
  'ack-fills-buffer': error(
    'HAProxy 3.1 and later src/mux_spop.c: a frame must be shorter than the buffer with its length field',
  ),
  'agent-bytes-at-once': warning(
    'HAProxy 3.1 and later src/mux_spop.c: a full receive buffer stops the connection for good',
  ),
  'agent-hello-split': error('HAProxy 3.2 and later src/mux_spop.c misreads an AGENT-HELLO in two pieces'),
  'ack-header-split': error('HAProxy 3.1 and later src/mux_spop.c misreads an ACK that is cut inside its ids'),
  'variable-name-empty': error('HAProxy src/vars.c: the action is ignored'),
  'variable-name-characters': error('HAProxy src/vars.c: letters, digits, _ and . only; the action is ignored'),
  'variable-name-too-long': error(
    'HAProxy src/flt_spoe.c: at most 63 bytes for scope.prefix.name; older ones read past them',
  ),
  'integer-turns-negative': warning('HAProxy include/haproxy/spoe.h keeps every integer as a signed 64-bit one'),
};

const readerRules: Readonly<Partial<Record<SpopErrorCode, RuleId>>> = {
  SPOP_FRAME_TOO_BIG: 'frame-too-big',
  SPOP_FRAME_TOO_SMALL: 'frame-too-small',
  SPOP_TRUNCATED: 'truncated',
  SPOP_VARINT_OVERFLOW: 'varint-overflow',
  SPOP_RESERVED_TYPE: 'reserved-type',
  SPOP_INTEGER_RANGE: 'integer-range',
  SPOP_BAD_ACTION: 'invalid-action',
};

/** The rule that an error of the reader is about. */
export function readerRule(code: SpopErrorCode): RuleId {
  const rule = readerRules[code];
  if (rule === undefined) throw new TypeError(`no rule has the code ${code}`);
  return rule;
}
