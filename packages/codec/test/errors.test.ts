import { describe, expect, it } from 'vitest';
import { ErrorStatus, SpopError, type SpopErrorCode, Status, STATUS_MESSAGES } from '../src/index.ts';

const codes = Object.entries(ErrorStatus) as [SpopErrorCode, number | null][];

describe('SpopError', () => {
  it.each(codes)('%s has the status of its code, %s', (code, status) => {
    const error = new SpopError(code, 'expected this; found that', 7);
    expect([error.code, error.status, error.reason, error.offset]).toEqual([
      code,
      status ?? undefined,
      'expected this; found that',
      7,
    ]);
    expect(error.message).toBe(`${code}: expected this; found that (at byte 7 of the frame)`);
  });

  it('is an Error with a name, a stack and, if there is one, a cause', () => {
    const cause = new Error('below');
    const error = new SpopError('SPOP_MISUSE', 'why', -1, { cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.cause, error.message]).toEqual(['SpopError', cause, 'SPOP_MISUSE: why']);
    expect(error.stack).toMatch(/^SpopError: SPOP_MISUSE: why\n +at /);
  });

  it('has no offset if none is given', () => {
    expect(new SpopError('SPOP_NO_VERSION', 'why').offset).toBe(-1);
  });
});

describe('ErrorStatus', () => {
  it('has only status codes of the specification, and none above 99', () => {
    const named: readonly number[] = Object.values(Status);
    for (const [code, status] of codes) {
      if (status !== null) expect([code, named.includes(status), status <= 99]).toEqual([code, true, true]);
    }
  });

  it('has words for each status code', () => {
    expect(Object.keys(STATUS_MESSAGES)).toEqual(Object.values(Status).map(String));
  });
});
