/** Defines what the encoders of one service share. */
import type { ServiceModel } from './model.ts'
import type { ListReviews } from './lists.ts'
import type { Overrides } from './overrides.ts'
import type { Kinds } from './kinds.ts'
import type { Reviews } from './reviews.ts'
import type { ShapeTable } from './shapes.ts'
import type { Sources } from './sources.ts'

export interface Judgement {
  readonly overrides: Overrides
  readonly reviews: Reviews
  readonly lists: ListReviews
  readonly kinds: Kinds
}

export interface ServiceScope extends Judgement {
  readonly sources: Sources
  readonly name: string
  readonly model: ServiceModel
  readonly prefix: string
  readonly shapes: ShapeTable
  /** Predicates with what they add, in JSON -> their number in the service's table. */
  readonly sayings: Map<string, number>
}
