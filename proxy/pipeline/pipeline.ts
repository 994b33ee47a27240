/**
 * Builds the route of a request: a list of stages whose order the compiler checks.
 *
 * A stage takes the exchange from the stage before it and returns it with one readonly fact added. `pipe` accepts a
 * stage only if the facts that it reads are there and none is lost, so a stage that is left out or moved is a type error.
 */
export type Stage<In, Out extends In> = (exchange: In) => Out | Promise<Out>

/** Observes the exchange after each stage. */
export interface Observer<Ready, Furthest> {
  /** Called and awaited before the last stage of a route, the one that has an effect. If it throws, the run ends. */
  before(exchange: Ready): void | Promise<void>
  after(stage: string, exchange: Furthest): void
}

/** A whole route, to which no stage can be added. `Ready` is the exchange that its last stage takes. */
export interface Route<In, Ready, Out extends In> {
  /** Runs every stage in order; rejects with whatever a stage or the observer threw. */
  run(exchange: In, observer: Observer<Ready, In & Partial<Out>>): Promise<Out>
  /** Returns the names of the stages, in order; after a fork, of all its routes. */
  readonly stages: readonly string[]
}

/** A route to which stages can be added. */
export interface Pipeline<In, Ready, Out extends In> extends Route<In, Ready, Out> {
  /** Adds a stage. */
  pipe<Next extends Out>(stage: Stage<Out, Next>): Pipeline<In, Out, Next>
  /** Ends in one of several routes. `choose` names it once all stages before it are done. */
  fork<Name extends string, End, Last extends Out>(
    routes: Readonly<Record<Name, Route<Out, End, Last>>>,
    choose: (exchange: Out) => Name,
  ): Route<In, End, Last>
}

type AnyStage = (exchange: never) => unknown
type AnyObserver = Observer<never, never>

/** Runs the stages in order. Their list has no types here: `pipe` has checked each stage against the one before it. */
async function runThrough(
  stages: readonly AnyStage[],
  exchange: unknown,
  observer: AnyObserver,
  effectAt: number,
): Promise<unknown> {
  let current = exchange
  for (const [at, stage] of stages.entries()) {
    const held = at === effectAt ? observer.before(current as never) : undefined
    if (held !== undefined) await held
    const next = stage(current as never)
    current = next instanceof Promise ? await next : next
    observer.after(stage.name, current as never)
  }
  return current
}

const NO_EFFECT = -1

function build<In, Ready, Out extends In>(stages: readonly AnyStage[]): Pipeline<In, Ready, Out> {
  const names = stages.map((stage) => stage.name)
  return {
    pipe: <Next extends Out>(stage: Stage<Out, Next>) => build<In, Out, Next>([...stages, stage]),
    run: (exchange, observer) => runThrough(stages, exchange, observer, stages.length - 1) as Promise<Out>,
    fork: (routes, choose) => ({
      async run(exchange, observer) {
        const reached = (await runThrough(stages, exchange, observer, NO_EFFECT)) as Out
        return routes[choose(reached)].run(reached, observer)
      },
      stages: [
        ...names,
        ...Object.values<{ stages: readonly string[] }>(routes).flatMap(({ stages: rest }) => rest),
      ],
    }),
    stages: names,
  }
}

/** Begins a route. Stages are named functions, and the name is the label of their metric. */
export function pipeline<In>(): Pipeline<In, never, In> {
  return build<In, never, In>([])
}
