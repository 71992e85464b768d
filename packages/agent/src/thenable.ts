/** Whether `value` has a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<void> {
  const mayHave = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayHave && 'then' in value && typeof value.then === 'function';
}

/** Calls `onRejected` with `subject` and the reason if `result` is a promise that rejects. */
export function watchRejection<Subject>(
  result: unknown,
  subject: Subject,
  onRejected: (subject: Subject, reason: unknown) => void,
): void {
  if (isThenable(result)) Promise.resolve(result).catch((reason: unknown) => onRejected(subject, reason));
}
