/** What is known now, or will be: a promise and its turn cost as much as a stage, so one is made only to wait for. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Goes on with a value: at once if it is known, else when it is. */
export function mapMaybePromise<Value, Next>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(use) : use(value)
}
