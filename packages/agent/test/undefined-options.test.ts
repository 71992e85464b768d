import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  closeOnSignals,
  type CloseOnSignalsOptions,
  type CloseOptions,
  createAgent,
  textLogger,
  type AgentOptions,
  type Hooks,
  type ResolvedOptions,
  type TcpTarget,
  type TextLoggerOptions,
  type UnixTarget,
} from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';

/** All of these options, and each of them undefined. */
type Undefined<Options> = Record<keyof Options, undefined>;

describe('an option that is undefined', () => {
  it('compiles wherever an option may be omitted', () => {
    expectTypeOf<Undefined<AgentOptions>>().toExtend<AgentOptions>();
    expectTypeOf<Undefined<Hooks>>().toExtend<Hooks>();
    expectTypeOf<Undefined<CloseOptions>>().toExtend<CloseOptions>();
    expectTypeOf<Undefined<CloseOnSignalsOptions>>().toExtend<CloseOnSignalsOptions>();
    expectTypeOf<Undefined<TextLoggerOptions>>().toExtend<TextLoggerOptions>();
    expectTypeOf<Undefined<Omit<TcpTarget, 'port'>> & { port: number }>().toExtend<TcpTarget>();
    expectTypeOf<Undefined<Omit<UnixTarget, 'path'>> & { path: string }>().toExtend<UnixTarget>();
    // The agent's own options have their defaults, and only the name and the logger may be undefined.
    type Defined = Exclude<keyof ResolvedOptions, 'name' | 'logger'>;
    expectTypeOf<Extract<ResolvedOptions[Defined], undefined>>().toBeNever();
    expect(Object.keys(resolveOptions({}))).not.toHaveLength(0);
  });

  it('has the default of createAgent()', () => {
    const defaults = resolveOptions({});
    for (const name of Object.keys(defaults)) {
      const { [name]: value, ...others }: Record<string, unknown> = { ...resolveOptions({ [name]: undefined }) };
      expect(value).toBe(Reflect.get(defaults, name));
      expect(Object.keys(others)).toHaveLength(Object.keys(defaults).length - 1);
    }
    expect(createAgent({ hooks: { connect: undefined }, logger: undefined }).options.maxFrameSize).toBe(1_048_576);
  });

  it('has the default of listen() and close()', async () => {
    const agent = createAgent();
    expect(await agent.listen({ port: 0, host: undefined, backlog: undefined })).toMatchObject({ host: '127.0.0.1' });
    await agent.close({ graceMs: undefined });
  });

  it('has the default of closeOnSignals()', () => {
    const before = process.listenerCount('SIGTERM');
    const options = { signals: undefined, graceMs: undefined, onSignal: undefined, afterClose: undefined };
    const off = closeOnSignals(createAgent(), options);
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    off();
  });

  it('has the default of textLogger()', () => {
    const lines: string[] = [];
    const logger = textLogger({ level: undefined, write: (line) => void lines.push(line) });
    logger.debug({}, 'left out');
    logger.info({}, 'written');
    expect(lines).toEqual(['written (info)']);
    expect(() => textLogger({ write: undefined })).not.toThrow();
  });
});
