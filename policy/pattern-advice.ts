/**
 * Says what is amiss with a pattern of a rule that restricts: AWS takes other names for what it names, or never spells the
 * name so (rule S25). The rule holds all the same; what it holds for is then wider than it looks, or nothing.
 */
import { strayVariable } from './literal-names.ts'
import { OTHER_NAMES, type NameForm } from './resource-names.ts'
import { canonicalName } from './restricts.ts'

const PATTERN = /^arn:[^:]*:([^:]*):[^:]*:[^:]*:([^:/]+)[:/](.+)$/s

/**
 * Returns the advice about a `${...}` in a pattern of any rule: it is a variable in IAM, and stands for itself here.
 * Undefined if there is none but `${*}`, `${?}` and `${$}`.
 */
export function variableAdvice(pattern: string): string | undefined {
  const stray = strayVariable(pattern)
  if (stray === undefined) return undefined
  return `has ${stray}, which stands for itself: there are no variables, and only \${*}, \${?} and \${$} mean a character`
}

/** Returns the advice, to be read after the pattern's path; undefined if the pattern is good. */
export function patternAdvice(pattern: string): string | undefined {
  const [, service = '', type = '', name = ''] = PATTERN.exec(pattern) ?? []
  const variable = variableAdvice(pattern)
  if (variable !== undefined) return variable
  if (pattern.replaceAll('${?}', '').includes('?') && !/^arn:[^:]*:s3:/.test(pattern))
    return 'has a ?, which stands for itself: write * for any characters'
  if (service === 's3' && type === 'accesspoint')
    return 'names an access point, but calls that name its bucket reach the same objects: name the bucket as well'
  if (service === 'ssm' && type === 'parameter' && name.startsWith('/'))
    return 'has two slashes: the ARN of a parameter has one, write parameter/NAME'
  if (canonicalName(pattern) !== pattern)
    return `has upper case, but ${service} does not tell cases apart: write it in lower case`
  const others = OTHER_NAMES[`${service}:${type}`]
  if (others?.forms.some((form) => isOneSided(form, service, name)) !== true) return undefined
  return `names only one of the names that calls may give: ${others.write} (${others.source})`
}

/** Tells whether a name in a pattern leaves out other names for the same thing. */
function isOneSided(form: NameForm, service: string, name: string): boolean {
  switch (form.form) {
    case 'suffix':
      return name.endsWith('-*') || new RegExp(`-[A-Za-z0-9]{${form.characters}}$`).test(name)
    case 'tail':
      return !name.includes('*') && !name.includes(form.separator)
    case 'path':
      if (form.only !== undefined) return name.startsWith(`${form.only}/`)
      return service === 'ecs' ? !name.includes('/') && !name.includes('*') : name.includes('/')
    case 'id':
      // EC2 takes ids and names; the others take names alone.
      return !name.startsWith('*') && name.startsWith(form.prefix) === (service !== 'ec2')
    case 'uuid':
      return /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(name)
    default:
      return form.type === 'key'
  }
}
