import { describe, expect, it } from 'vitest';
import { createAgent, type Logger } from '../../src/index.ts';

const quiet = (): void => {};
const whole: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

describe('the option logger', () => {
  it.each(['debug', 'info', 'warn', 'error'])('is refused without %s', (name) => {
    for (const value of [undefined, 'x']) {
      const logger = { ...whole, [name]: value };
      expect(() => createAgent({ logger })).toThrow(
        new TypeError(`expected a logger with the functions debug, info, warn, error; found one without ${name}`),
      );
    }
  });

  it('is accepted with more than these functions, and with functions of a prototype', () => {
    expect(() => createAgent({ logger: { ...whole, trace: quiet } as Logger })).not.toThrow();
    expect(() => createAgent({ logger: Object.create(whole) as Logger })).not.toThrow();
    expect(() => createAgent({ logger: console })).not.toThrow();
  });
});
