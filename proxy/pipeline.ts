/**
 * The way of a request: a list of stages whose order the compiler checks.
 *
 * A stage takes the exchange as the stages before it left it and returns it with one readonly fact added. `pipe`
 * accepts a stage only if the facts that it reads are already there, so two swapped stages are a type error.
 */
export type Stage<In, Out extends In> = (exchange: In) => Out | Promise<Out>

/** Sees every exchange between stages. `before` is awaited, and what it throws ends the run. */
export interface Observer {
  before(stage: string, exchange: unknown): void | Promise<void>
  after(stage: string, exchange: unknown): void
}

export interface Pipeline<In, Out extends In> {
  pipe<Next extends Out>(stage: Stage<Out, Next>): Pipeline<In, Next>
  /** Runs every stage in order; rejects with whatever a stage or the observer threw. */
  run(exchange: In, observer: Observer): Promise<Out>
  readonly stages: readonly string[]
}

type AnyStage = (exchange: never) => unknown

function build<In, Out extends In>(stages: readonly AnyStage[]): Pipeline<In, Out> {
  return {
    pipe: <Next extends Out>(stage: Stage<Out, Next>) => build<In, Next>([...stages, stage]),
    async run(exchange, observer) {
      let current: unknown = exchange
      for (const stage of stages) {
        const held = observer.before(stage.name, current)
        if (held !== undefined) await held
        const next = stage(current as never)
        current = next instanceof Promise ? await next : next
        observer.after(stage.name, current)
      }
      return current as Out
    },
    stages: stages.map((stage) => stage.name),
  }
}

/** An empty pipeline; stages are named functions, and the name is the metric label. */
export function pipeline<In>(): Pipeline<In, In> {
  return build<In, In>([])
}
