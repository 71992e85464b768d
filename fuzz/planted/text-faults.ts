import { sourceFile } from '../support/source-files.ts';
import { type Fault, testsOf } from './fault.ts';

const source = (name: string): string => sourceFile('codec', name);
const tests = testsOf('packages/codec');

/** Mistakes of readers of headers, cookies and addresses in text. */
export const textFaults: readonly Fault[] = [
  {
    name: 'cookie by a prefix',
    mistake: 'a cookie whose name only begins with the wanted one is taken for it',
    file: source('cookie-reader'),
    search: 'utf8PrefixLength(bytes, start, length, this.name) === length',
    replace: 'utf8PrefixLength(bytes, start, length, this.name) >= 0',
    noticedBy: tests('text/cookie-reader'),
  },
  {
    name: 'last cookie of a name',
    mistake: 'of two cookies of one name the last is given',
    file: source('cookie-reader'),
    search: 'if (this.count === 0) this.#placeValue',
    replace: 'this.#placeValue',
    noticedBy: tests('text/cookie-reader'),
  },
  {
    name: 'headers that end too soon',
    mistake: 'the end of the argument is taken for the end of the headers',
    file: source('header-reader'),
    search: "if (lineEnd < 0) throw invalidHeaders('a line that ends with CRLF', 'none', place.start);",
    replace: 'if (lineEnd < 0) return false;',
    noticedBy: tests('text/header-reader'),
  },
  {
    name: 'pair within the buffer',
    mistake: 'a pair of a name and a value may reach beyond its argument',
    file: source('header-reader'),
    search: 'cursor.moveTo(bytes, origin + place.start, origin + place.end, origin);',
    replace: 'cursor.moveTo(bytes, origin + place.start, bytes.length, origin);',
    noticedBy: tests('text/header-reader'),
  },
  {
    name: 'malformed element skipped',
    mistake: 'an element without an address is skipped, and the one before it counts',
    file: source('address-reader'),
    search: '    else this.#readElement(source, from, end);\n    return true;',
    replace: '    else this.#readElement(source, from, end);\n    return this.#hasAddress || this.next();',
    noticedBy: tests('text/address-reader'),
  },
  {
    name: 'comma in quotes',
    mistake: 'a Forwarded field is split at every comma',
    file: source('forwarded'),
    search: 'byte === COMMA && !isQuoted',
    replace: 'byte === COMMA',
    noticedBy: tests('text/address-reader', 'text/address-properties'),
  },
  {
    name: 'first of two',
    mistake: 'an element with two parameters `for` gives one of them',
    file: source('forwarded'),
    search: 'const isAgain = isFor(bytes, position, nameEnd) && node.start >= 0;',
    replace: 'const isAgain = false;',
    noticedBy: tests('text/address-reader'),
  },
  {
    name: 'anything for a port',
    mistake: 'the text after an address is not checked',
    file: source('address-reader'),
    search: 'if (size === 0 || !hasOnlyPort(bytes, addressEnd, end)) return;',
    replace: 'if (size === 0) return;',
    noticedBy: tests('text/address-reader'),
  },
  {
    name: 'mapped address of text left as IPv6',
    mistake: 'the IPv4 client that came as ::ffff:192.0.2.1 is in no IPv4 network',
    file: source('text-address'),
    search: 'const isMapped = size === IPV6_BYTES && isMappedAddress(this.#bytes, 0);',
    replace: 'const isMapped = false;',
    noticedBy: tests('text/text-address'),
  },
  {
    name: 'address of the next request',
    mistake: 'the view of an address in text outlives its NOTIFY, since its bytes do',
    file: source('text-address'),
    search: 'if (this.#source.generation !== this.#generation) throw viewClosed();',
    replace: '',
    noticedBy: tests('text/text-address'),
  },
];
