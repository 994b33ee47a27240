/** Binds the resource entries of an operation, with the defaults for what a request leaves out. */
import { type Binder, entriesOf } from './bind.ts'
import type { RawResource } from './format.ts'
import type { OperationAuthorization } from './levels.ts'
import { wireLocation } from './model.ts'
import type { Overrides } from './overrides.ts'
import type { IamService } from './sources.ts'
import { UNKNOWN } from './templates.ts'

/** Returns the member that names the account of the resources, if there is one. */
function ownerOf({ model, key, operation }: Binder, { accounts }: Overrides): Record<string, string> {
  const member = accounts[key.slice(0, key.indexOf('.'))]
  const owner = member === undefined ? undefined : wireLocation(model, operation, member)
  return owner === undefined ? {} : { Account: owner }
}

/** Returns the member that makes the resource one of another type. */
function unlessOf({ model, operation }: Binder, { unless }: Overrides, type: string): Record<string, string> {
  const [member = '', value = ''] = unless[type] ?? []
  const at = wireLocation(model, operation, member)
  return at === undefined ? {} : { Unless: `${at}|=${value}` }
}

/** Adds to each variable's locations its default and its qualifier. */
function completed(
  { model, operation }: Binder,
  { defaults, qualifiers }: Overrides,
  type: string,
  bound: Bound,
): Bound {
  const entries = Object.entries(bound).map(([variable, at]) => {
    const key = `${type}.${variable}`
    const qualifier = wireLocation(model, operation, qualifiers[key] ?? '')
    const more = [
      ...(defaults[key] === undefined ? [] : [`=${defaults[key]}`]),
      ...(qualifier === undefined ? [] : [`+${qualifier}`]),
    ]
    return [variable, at === UNKNOWN ? at : [at, ...more].join('|')]
  })
  return Object.fromEntries(entries)
}

type Bound = Readonly<Record<string, string>>

/** Returns the resource entries of an operation: empty if IAM names no resource type, only `*` if no member does. */
export function bindResources(
  binder: Binder,
  authorization: OperationAuthorization,
  iam: ReadonlyMap<string, IamService>,
  overrides: Overrides,
): RawResource[] {
  const owner = ownerOf(binder, overrides)
  return entriesOf(binder, authorization, iam, overrides).map((entry) => {
    const [type, required, bound] = entry
    if (bound === undefined || type === '' || type === '*') return entry
    const name = type.includes(':') ? type.replace(':', '.') : `${binder.prefix}.${type}`
    const more = { ...owner, ...unlessOf(binder, overrides, name) }
    return [type, required, { ...completed(binder, overrides, name, bound), ...more }]
  })
}
