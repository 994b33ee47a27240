/** What is known now, or will be: a promise and its turn cost as much as a stage, so one is made only to wait for. */
export type Soon<Value> = Value | Promise<Value>

/** Goes on with a value: at once if it is known, else when it is. */
export function whenKnown<Value, Next>(value: Soon<Value>, use: (value: Value) => Soon<Next>): Soon<Next> {
  return value instanceof Promise ? value.then(use) : use(value)
}
