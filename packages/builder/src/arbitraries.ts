/**
 * fast-check arbitraries of everything in SPOP, for properties of parsers, handlers and whole agents. They shrink towards simple
 * frames: few messages, few arguments, short ASCII names, small numbers, 0.0.0.0.
 */
export * from './arbitraries/arguments.ts';
export * from './arbitraries/bytes.ts';
export * from './arbitraries/data.ts';
export * from './arbitraries/frames.ts';
export * from './arbitraries/sessions.ts';
