/** Names the rules of the configuration, for records, metrics and messages. */

/** Returns the rules of a list, each with a name: its own, or its place in the configuration, `policy.approvals[0]`. */
export function named<Rule extends { readonly name?: string | undefined }>(
  path: string,
  rules: readonly Rule[],
): (Rule & { readonly name: string })[] {
  return rules.map((rule, index) => ({ ...rule, name: rule.name ?? `${path}[${index}]` }))
}
