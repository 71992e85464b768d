export { SpopError } from '@spop/codec';
export * from './frames.ts';
export type * from './model.ts';
export * from './parse.ts';
export type * from './schema.ts';
export { fromHex, toBytes, toHex, toText } from './text.ts';
export * from './values.ts';
export { writeFrame, writeTypedData, writeVarint } from './plain-writer.ts';
