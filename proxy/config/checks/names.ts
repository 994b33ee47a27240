/** Warns of patterns and names in rules that restrict: AWS knows what they name by other names too (rule S25). */
import { patternAdvice } from '../../../policy/pattern-advice.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import { didYouMean } from '../../core/did-you-mean.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

/** Returns what an operator may have meant otherwise. None of it keeps the configuration from being used. */
export function nameWarnings(config: Config, catalogue: Pick<Catalogue, 'services' | 'models'>): Finding[] {
  const { policy, catalogue: own, freeze } = config
  return [
    ...patternWarnings('policy.approvals', policy.approvals),
    ...patternWarnings('policy.taskApprovals', policy.taskApprovals),
    ...patternWarnings('catalogue.overrides', own.overrides),
    ...serviceWarnings(freeze.windows, [
      ...catalogue.services,
      ...catalogue.models,
      ...own.services.map(({ name }) => name),
    ]),
  ]
}

function patternWarnings(
  path: string,
  rules: readonly { readonly resources?: readonly string[] | undefined }[],
): Finding[] {
  return rules.flatMap(({ resources = [] }, index) =>
    resources.flatMap((pattern, at) => {
      const advice = patternAdvice(pattern)
      return advice === undefined
        ? []
        : [{ path: `${path}.${index}.resources.${at}`, message: `${JSON.stringify(pattern)} ${advice}` }]
    }),
  )
}

/** A freeze of a service that no call is of freezes nothing. */
function serviceWarnings(windows: Config['freeze']['windows'], names: readonly string[]): Finding[] {
  const known = new Set(names)
  return windows.flatMap(({ services = [] }, index) =>
    services.flatMap((name, at) =>
      known.has(name)
        ? []
        : [
            {
              path: `freeze.windows.${index}.services.${at}`,
              message: `${JSON.stringify(name)} is no service${didYouMean(name, known)}: write its IAM prefix, such as dynamodb`,
            },
          ],
    ),
  )
}
