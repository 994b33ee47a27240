/** How IAM reads a session policy: the evaluation of the user guide for actions and resources, on its own. */
interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: unknown
}

export function statementsOf(policy: string): Statement[] {
  return (JSON.parse(policy) as { Statement: Statement[] }).Statement
}

/** Whether the caller itself may: statements about what services do for it are left out. */
export function iamAllows(policy: string, action: string, resource: string): boolean {
  const about = statementsOf(policy).filter(
    ({ Action, Resource, Condition }) =>
      Condition === undefined &&
      [Action].flat().some((each) => pattern(each, 'i').test(action)) &&
      [Resource].flat().some((each) => arnPattern(each).test(resource)),
  )
  return about.some(({ Effect }) => Effect === 'Allow') && !about.some(({ Effect }) => Effect === 'Deny')
}

/** `*` any characters, `?` one; `${*}`, `${?}`, `${$}` are those characters themselves. */
function pattern(text: string, flags = ''): RegExp {
  const source = text.replace(/\$\{([*?$])\}|([*?])|[^*?]/g, (each, written?: string, wild?: string) => {
    if (wild !== undefined) return wild === '*' ? '[^]*' : '[^]'
    return (written ?? each).replace(/[.+^${}()|[\]\\*?]/g, String.raw`\$&`)
  })
  return new RegExp(`^${source}$`, flags)
}

/** An ARN is compared part by part; the first five have no `*` that reaches beyond them. */
function arnPattern(text: string): RegExp {
  if (text === '*') return pattern(text)
  const parts = text.split(':')
  if (parts.length < 6) throw new Error(`IAM takes no ${text} for an ARN`)
  if (/[*?]/.test(parts.slice(0, 3).join('')))
    throw new Error(`IAM wants partition and service by name: ${text}`)
  const [rest] = [parts.slice(5).join(':')]
  const head = parts.slice(0, 5).map((each) => pattern(each).source.slice(1, -1).replaceAll('[^]', '[^:]'))
  return new RegExp(`^${head.join(':')}:${pattern(rest).source.slice(1, -1)}$`)
}
