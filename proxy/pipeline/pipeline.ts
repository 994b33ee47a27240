/**
 * The way of a request: a list of stages whose order the compiler checks.
 *
 * A stage takes the exchange as the stages before it left it and returns it with one readonly fact added. `pipe`
 * accepts a stage only if the facts that it reads are already there, so two swapped stages are a type error.
 */
export type Stage<In, Out extends In> = (exchange: In) => Out | Promise<Out>

/** Sees the exchange as each stage leaves it. */
export interface Observer {
  /** Before the last stage of a way, the one that has an effect. Awaited; what it throws ends the run. */
  before(exchange: unknown): void | Promise<void>
  after(stage: string, exchange: unknown): void
}

export interface Pipeline<In, Out extends In> {
  pipe<Next extends Out>(stage: Stage<Out, Next>): Pipeline<In, Next>
  /** Runs every stage in order; rejects with whatever a stage or the observer threw. */
  run(exchange: In, observer: Observer): Promise<Out>
  /** Ends in one of several ways: the rest is that which `choose` names, once all before it is done. */
  fork<Name extends string>(
    ways: Readonly<Record<Name, Route<Out, Out>>>,
    choose: (exchange: Out) => Name,
  ): Route<In, Out>
  readonly stages: readonly string[]
}

/** A whole way, which nothing can be added to. */
export type Route<In, Out extends In> = Pick<Pipeline<In, Out>, 'run'>

type AnyStage = (exchange: never) => unknown

function build<In, Out extends In>(stages: readonly AnyStage[]): Pipeline<In, Out> {
  const through = async (exchange: In, observer: Observer, effectAt?: number): Promise<Out> => {
    let current: unknown = exchange
    for (const [at, stage] of stages.entries()) {
      const held = at === effectAt ? observer.before(current) : undefined
      if (held !== undefined) await held
      const next = stage(current as never)
      current = next instanceof Promise ? await next : next
      observer.after(stage.name, current)
    }
    return current as Out
  }
  return {
    pipe: <Next extends Out>(stage: Stage<Out, Next>) => build<In, Next>([...stages, stage]),
    run: (exchange, observer) => through(exchange, observer, stages.length - 1),
    fork: (ways, choose) => ({
      async run(exchange, observer) {
        const reached = await through(exchange, observer)
        return ways[choose(reached)].run(reached, observer)
      },
    }),
    stages: stages.map((stage) => stage.name),
  }
}

/** An empty pipeline; stages are named functions, and the name is the metric label. */
export function pipeline<In>(): Pipeline<In, In> {
  return build<In, In>([])
}
