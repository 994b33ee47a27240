/** Reads documents that are text in a call, and what references in a CloudFormation template stand for. Pure. */
import { treeOf } from '../protocols/text-document.ts'
import type { Document, DocumentObject } from '../protocols/tree.ts'

type References = ReadonlyMap<string, string>

/** Returns the document that a text is; undefined for a text that is none, most of which have no line and no brace. */
export function documentIn(text: string): Document {
  return /^\s*[{[]|\n/.test(text) ? treeOf(text) : undefined
}

/** Returns the parameters that a call gives to a template, by name. */
export function parametersOf(body: Document): References {
  const given = isObject(body) ? body['Parameters'] : undefined
  if (!Array.isArray(given)) return new Map()
  return new Map(
    (given as readonly Document[])
      .filter(isObject)
      .flatMap(({ ParameterKey: name, ParameterValue: value }) =>
        typeof name === 'string' && typeof value === 'string' ? [[name, value] as const] : [],
      ),
  )
}

/** Returns the defaults of a template's parameters, by name. */
export function defaultsIn(template: Document): References {
  const parameters = isObject(template) ? template['Parameters'] : undefined
  if (!isObject(parameters)) return new Map()
  return new Map(
    Object.entries(parameters).flatMap(([name, value]) => {
      const text = isObject(value) ? value['Default'] : undefined
      return typeof text === 'string' ? [[name, text] as const] : []
    }),
  )
}

/** Returns the texts of members with such names; undefined for one whose text only AWS knows. */
export function textsOf(
  entries: readonly (readonly [string, Document])[],
  names: RegExp,
  references: References,
): readonly (string | undefined)[] {
  return entries
    .filter(([name, value]) => names.test(name) && (typeof value === 'string' || isIntrinsic(value)))
    .map(([, value]) => (typeof value === 'string' ? value : referred(value, references)))
}

function referred(value: Document, references: References): string | undefined {
  const name = isObject(value) ? value['Ref'] : undefined
  return typeof name === 'string' ? references.get(name) : undefined
}

/** Tells whether CloudFormation computes the value: `{ Ref: X }`, `{ Fn::Sub: X }` and their like. */
function isIntrinsic(value: Document): boolean {
  if (!isObject(value)) return false
  const [name, ...more] = Object.keys(value)
  return more.length === 0 && name !== undefined && /^(?:Ref$|Fn::)/.test(name)
}

function isObject(value: Document): value is DocumentObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}
