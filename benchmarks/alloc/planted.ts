/**
 * Tests the proofs themselves: `pnpm run alloc:planted [--filter NAME]` plants an object in one function of the codec after
 * the other. A proof that passes through the function must fail. Names the functions that no proof passes through.
 */
import { parseArgs } from 'node:util';
import { findSites, plantEach } from './planting.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { filter: { type: 'string' } },
});

const { seen, missed, untouched } = await plantEach(findSites(options.filter));
console.log(`\nno proof passes through: ${untouched.length === 0 ? 'none' : untouched.join(', ')}`);
console.log(`planted objects: ${seen} seen, ${missed.length} not seen`);
if (missed.length > 0 || seen === 0) process.exitCode = 1;
