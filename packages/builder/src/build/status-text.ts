import { Status, STATUS_MESSAGES } from '@spop/codec';

/** HAProxy's texts, which differ from the specification's for one status (src/mux_spop.c, spop_err_reasons). */
const texts: Readonly<Record<number, string>> = {
  ...STATUS_MESSAGES,
  [Status.FragmentationNotSupported]: 'fragmentation not supported',
};

/** The message that HAProxy sends with a status code (src/mux_spop.c, spop_err_reasons); for an unknown one that of 99. */
export function statusText(statusCode: number): string {
  return texts[statusCode] ?? STATUS_MESSAGES[Status.Unknown];
}
