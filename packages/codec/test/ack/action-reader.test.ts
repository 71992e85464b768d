import { describe, expect, it } from 'vitest';
import { ActionReader, ActionType } from '../../src/index.ts';
import { fault, frameBytes, hex, onlyFrame, PAYLOAD_AT, thrown } from '../bytes.ts';

function actionsOf(payload: string, fill: number = 0x21): ActionReader {
  const actions = new ActionReader();
  actions.read(onlyFrame(frameBytes(103, hex(payload)), fill));
  return actions;
}

function textOf(payload: string, fill?: number): string[] {
  const actions = actionsOf(payload, fill);
  const found = [];
  while (actions.next()) {
    const name = `${actions.scope}.${actions.name.toString()}`;
    found.push(actions.type === ActionType.SetVar ? `${name}=${actions.value.toString()}` : `${name} unset`);
  }
  return found;
}

describe('ActionReader', () => {
  it.each([
    ['no payload at all', '', []],
    ['one byte 00, which means no actions', '00', []],
    ['a set-var', '010301 0173 0264', ['sess.s=100']],
    ['an unset-var', '020202 0161', ['txn.a unset']],
    ['a set-var of NULL', '010300 0161 00', ['proc.a=']],
    ['an empty name', '010304 00 0800', ['res.=']],
    [
      'several, in order',
      '010303 0161 0803626f74 020200 0162 010304 0163 06c0000201',
      ['req.a=bot', 'proc.b unset', 'res.c=192.0.2.1'],
    ],
  ])('reads %s', (_, payload, expected) => {
    for (const fill of [0x00, 0x01, 0x02, 0xff]) expect(textOf(payload, fill)).toEqual(expected);
  });

  it.each([
    ['type 0', '000301 0173 0264', 'SPOP_BAD_ACTION', 0],
    ['type 0 after an action', '020200 0161 00', 'SPOP_BAD_ACTION', 5],
    ['type 3', '030301 0173 0264', 'SPOP_BAD_ACTION', 0],
    ['two bytes 00', '0000', 'SPOP_BAD_ACTION', 0],
    ['a set-var of two arguments', '010201 0173 0264', 'SPOP_BAD_ACTION', 1],
    ['an unset-var of three', '020301 0173 0264', 'SPOP_BAD_ACTION', 1],
    ['scope 5', '010305 0173 0264', 'SPOP_BAD_ACTION', 2],
    ['scope 255', '0202ff 0173', 'SPOP_BAD_ACTION', 2],
    ['a type alone', '01', 'SPOP_TRUNCATED', 1],
    ['no scope', '0103', 'SPOP_TRUNCATED', 2],
    ['no name', '010301', 'SPOP_TRUNCATED', 3],
    ['a name that does not end', '010301 0273', 'SPOP_TRUNCATED', 3],
    ['no value', '010301 0173', 'SPOP_TRUNCATED', 5],
    ['a value that does not end', '010301 0173 080261', 'SPOP_TRUNCATED', 6],
    ['a reserved type', '010301 0173 0a', 'SPOP_RESERVED_TYPE', 5],
    ['an INT32 of 33 bits', '010301 0173 02f0f1fefe7e', 'SPOP_INTEGER_RANGE', 5],
  ])('refuses %s, with any bytes past the frame', (_, payload, code, offset) => {
    for (const fill of [0x00, 0x01, 0x02, 0xff]) {
      expect(fault(() => textOf(payload, fill))).toEqual([code, 4, PAYLOAD_AT + offset]);
    }
  });

  it('has no value for an unset-var: the next bytes are not its value', () => {
    const actions = actionsOf('010301 0173 0264 020202 0161', 0x08);
    actions.next();
    const { value } = actions;
    expect(value.toNumber()).toBe(100);
    actions.next();
    expect(thrown(() => value.type).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('closes the views of the ACK before', () => {
    const actions = actionsOf('010301 0173 0264');
    actions.next();
    const { name, value } = actions;
    actions.read(onlyFrame(frameBytes(103, hex('010301 0174 0265'))));
    expect(thrown(() => name.toString()).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => value.toNumber()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('has no actions before it has read a frame', () => {
    expect(new ActionReader().next()).toBe(false);
  });
});
