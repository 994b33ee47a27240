/** Finds what the model calls the members at a location on the wire: documents write calls by the model's names. */
import { headLocation, listSteps, type ServiceModel, type Shape, shapeOf, wireName } from './model.ts'

type Names = readonly string[] | undefined

/** Returns the names of the members of a structure that lead to these steps. */
function namesInStructure(
  model: ServiceModel,
  shape: Shape,
  steps: readonly string[],
  isInput: boolean,
): Names {
  for (const [name, ref] of Object.entries(shape.members ?? {})) {
    const into = shapeOf(model, ref)
    const wire = wireName(model, name, ref)
    const isPayload = isInput && shape.payload === name
    const own = into?.type === 'list' ? listSteps(model, wire, ref, into) : isPayload ? [] : [wire]
    if (own.some((each, index) => steps[index] !== each)) continue
    const below = namesOf(model, into, steps.slice(own.length))
    if (below !== undefined) return [name, ...below]
  }
  return undefined
}

function namesInMap(model: ServiceModel, shape: Shape, steps: readonly string[]): Names {
  const [first, ...rest] = steps
  if (first === '@') return ['@']
  if (first !== '*') return namesOf(model, shapeOf(model, shape.value), steps)
  const below = namesOf(model, shapeOf(model, shape.value), rest)
  return below === undefined ? undefined : ['*', ...below]
}

/** Returns the names that lead to these steps on the wire; undefined if none do. */
function namesOf(model: ServiceModel, shape: Shape | undefined, steps: readonly string[]): Names {
  if (steps.length === 0) return []
  if (shape?.type === 'list') return namesOf(model, shapeOf(model, shape.member), steps)
  if (shape?.type === 'map') return namesInMap(model, shape, steps)
  return shape === undefined ? undefined : namesInStructure(model, shape, steps, false)
}

/** Returns the names that the model gives the members at a wire location, joined by dots; undefined if it has none. */
export function memberNames(model: ServiceModel, operation: string, location: string): string | undefined {
  const input = shapeOf(model, model.operations[operation]?.input)
  if (input === undefined) return undefined
  const rest = location.slice(2)
  if (location.startsWith('b:'))
    return rest === '' ? '' : namesInStructure(model, input, rest.split('.'), true)?.join('.')
  return Object.entries(input.members ?? {}).find(([name, ref]) => headLocation(name, ref) === location)?.[0]
}
