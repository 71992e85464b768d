import { Status } from '@spop/codec';

const texts: Readonly<Record<number, string>> = {
  [Status.Normal]: 'normal',
  [Status.IoError]: 'I/O error',
  [Status.Timeout]: 'a timeout occurred',
  [Status.FrameTooBig]: 'frame is too big',
  [Status.InvalidFrame]: 'invalid frame received',
  [Status.NoVersion]: 'version value not found',
  [Status.NoMaxFrameSize]: 'max-frame-size value not found',
  [Status.NoCapabilities]: 'capabilities value not found',
  [Status.UnsupportedVersion]: 'unsupported version',
  [Status.BadMaxFrameSize]: 'max-frame-size too big or too small',
  [Status.FragmentationNotSupported]: 'fragmentation not supported',
  [Status.InterlacedFrames]: 'invalid interlaced frames',
  [Status.FrameIdNotFound]: 'frame-id not found',
  [Status.ResourceAllocation]: 'resource allocation error',
  [Status.Unknown]: 'an unknown error occurred',
};

/** The message that HAProxy sends with a status code (src/mux_spop.c, spop_err_reasons), or that of 99 for any other. */
export function statusText(statusCode: number): string {
  return texts[statusCode] ?? 'an unknown error occurred';
}
