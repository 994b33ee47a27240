/** Holds a value, or a promise of it. A promise costs as much as a stage, so one is made only if there is a wait. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Applies a function to a value: at once if it is known, otherwise when its promise resolves. */
export function mapMaybePromise<Value, Next>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(use) : use(value)
}
