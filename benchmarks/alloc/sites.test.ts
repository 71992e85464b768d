import { describe, expect, it } from 'vitest';
import { hotFiles, sitesOf } from './sites.ts';

describe('the functions on a frame’s way', () => {
  it.each(hotFiles)('are found in %s', (file) => {
    expect(sitesOf(file).length).toBeGreaterThan(0);
  });
});
