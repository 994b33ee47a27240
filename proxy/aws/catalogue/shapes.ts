/** Collects the names that a service's inputs may have, at every depth, in a table of shapes that refer to each other. */
import { listSteps, type MemberRef, type ServiceModel, type Shape, shapeOf, wireName } from './model.ts'
import type { RawShape, ShapeRef } from './format.ts'

const SCALAR = 0
const ANYTHING = -1

/** Collects the shapes of one service; equal ones are kept once. */
export class ShapeTable {
  readonly #model: ServiceModel
  readonly #rows: RawShape[] = []
  readonly #known = new Map<string, ShapeRef>()

  constructor(model: ServiceModel) {
    this.#model = model
  }

  /** Returns the shapes in the order of their numbers, from 1. */
  get rows(): readonly RawShape[] {
    return this.#rows
  }

  /** Returns the body of an operation: its members without another place, or the one member that is the payload. */
  bodyOf(operation: string): ShapeRef {
    const ref = this.#model.operations[operation]?.input
    const input = shapeOf(this.#model, ref)
    if (ref === undefined || input === undefined) return SCALAR
    if (input.payload !== undefined) return this.#refOf(input.members?.[input.payload])
    return this.#named(`body ${ref.shape}`, () =>
      this.#members(input, ({ location }) => location === undefined),
    )
  }

  #refOf(ref: { readonly shape: string } | undefined): ShapeRef {
    const shape = shapeOf(this.#model, ref)
    if (ref === undefined || shape === undefined) return SCALAR
    if (shape.document === true) return ANYTHING
    if (shape.type === 'structure') {
      return this.#named(ref.shape, () => this.#members(shape, () => true))
    }
    if (shape.type === 'list') return this.#named(ref.shape, () => [this.#refOf(shape.member)])
    if (shape.type === 'map') return this.#named(ref.shape, () => this.#map(shape))
    return SCALAR
  }

  /** Returns the shape of a map. XML writes its entries as elements; the form parser turns those of a query into a map. */
  #map({ value }: Shape): RawShape {
    const inside = this.#refOf(value)
    if (this.#model.metadata.protocol !== 'rest-xml') return ['*', inside]
    const entry = this.#named(`entry ${inside}`, () => ({ key: SCALAR, value: inside }))
    return { entry: this.#named(`entries ${inside}`, () => [entry]) }
  }

  #members(shape: Shape, wanted: (ref: MemberRef) => boolean): RawShape {
    const found: Record<string, ShapeRef> = {}
    for (const [name, ref] of Object.entries(shape.members ?? {})) {
      if (!wanted(ref)) continue
      const [wire, inside] = this.#onTheWire(name, ref)
      found[wire] = inside
    }
    return found
  }

  /** Returns a member's name on the wire and the shape below it: the items of a list may have a wrapper. */
  #onTheWire(name: string, ref: MemberRef): readonly [string, ShapeRef] {
    const wire = wireName(this.#model, name, ref)
    const into = shapeOf(this.#model, ref)
    const inside = this.#refOf(ref)
    if (into?.type !== 'list') return [wire, inside]
    const [first = wire, wrapped] = listSteps(this.#model, wire, ref, into)
    if (wrapped === undefined) return [first, inside]
    return [first, this.#named(`${wrapped} of ${inside}`, () => ({ [wrapped]: inside }))]
  }

  /** Numbers a shape before it is read, since it may contain itself. */
  #named(name: string, make: () => RawShape): ShapeRef {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const ref = this.#rows.push({})
    this.#known.set(name, ref)
    this.#rows[ref - 1] = make()
    return ref
  }
}
