/**
 * The cases of `spop conformance`, asked of an agent that does the job `tiny` of benchmarks/load/traffic.ts: it sets
 * sess.ip_score to the last byte of the address, so that every ACK shows whether the right argument was read.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Case } from '../../packages/builder/src/conformance/case.ts';
import { anyAnswer, type Contract } from '../../packages/builder/src/conformance/contract.ts';
import type { PlayOptions } from '../../packages/builder/src/conformance/play.ts';
import { conformanceCases } from '../../packages/builder/src/conformance/suite.ts';
import { ipv4Bytes, ipv6Bytes } from '../../packages/builder/src/data/address.ts';
import { int32, nil } from '../../packages/builder/src/data/values.ts';

/** The answers of an agent that does the job. */
export const scoreContract: Contract = {
  ...anyAnswer('check-client-ip', 'ip'),
  answers: {
    variable: 'ip_score',
    to: (argument) => {
      if (argument.type === 'ipv4') return int32(ipv4Bytes(argument.value)?.at(-1) ?? 0);
      return argument.type === 'ipv6' ? int32(ipv6Bytes(argument.value)?.at(-1) ?? 0) : nil;
    },
    isEcho: false,
  },
};

/** All cases that need no agent of their own. */
export function casesFor(contract: Contract): Case[] {
  return conformanceCases(contract).filter(({ needs }) => needs !== 'echo');
}

/** The options for playing them against a port of 127.0.0.1. */
export function playOn(port: number, contract: Contract = scoreContract, patienceMs: number = 1_500): PlayOptions {
  return {
    contract,
    patienceMs,
    open: async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      await once(socket, 'connect');
      return socket;
    },
  };
}
