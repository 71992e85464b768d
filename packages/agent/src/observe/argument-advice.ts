import { quoteText } from '@spop/codec';
import { list, shown } from './event-lines.ts';
import type { Advice } from './event-reporter.ts';

/** The declared arguments of a message. */
export interface DeclaredArguments {
  readonly name: string;
  readonly args: { readonly [name: string]: { readonly optional: boolean } };
}

/**
 * The advice on the first message of a declaration, which came with arguments of the names `found`: which declared ones are
 * absent, not even NULL, and which others came. Undefined when the message is as declared.
 */
export function argumentAdvice({ name, args }: DeclaredArguments, found: readonly string[]): Advice | undefined {
  const absent = Object.keys(args).filter((argument) => !found.includes(argument));
  const undeclared = [...new Set(found)].filter((argument) => !Object.hasOwn(args, argument));
  if (absent.length === 0 && undeclared.length === 0) return undefined;
  const isRequired = absent.some((argument) => args[argument]?.optional === false);
  const details = { event: 'arguments', messages: [name], absent: shown(absent), undeclared: shown(undeclared) };
  return {
    level: isRequired ? 'warn' : absent.length > 0 ? 'info' : 'debug',
    details,
    message: `message ${quoteText(name)} has ${describe(absent, undeclared)}. This is reported once`,
    // An absent optional argument alone may be intended. With an undeclared one beside it, a name is probably wrong.
    warningCode: isRequired || (absent.length > 0 && undeclared.length > 0) ? 'SPOP_ARGUMENT_ABSENT' : undefined,
  };
}

function describe(absent: readonly string[], undeclared: readonly string[]): string {
  const extra = list(undeclared);
  if (absent.length === 0) return `arguments that are not declared: ${extra}`;
  const instead = undeclared.length === 0 ? '' : `, but has ${extra} without a declaration`;
  return (
    `no argument ${list(absent)}${instead}. Write ${absent[0]}=… in the args line of its spoe-message section: ` +
    `without a name a sample comes under ""`
  );
}
