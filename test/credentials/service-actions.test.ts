import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../policy/arn-match.ts'
import { loadCatalogue, everyOperation } from '../../proxy/aws/catalogue/catalogue.ts'
import { changesState } from '../../proxy/core/action-class.ts'
import { serviceActions } from '../../proxy/credentials/service-actions.ts'

const catalogue = loadCatalogue()
const actionsOf = serviceActions(catalogue)

/** As a service would: an operation goes through if all its actions do, in whatever case. */
function lets(patterns: readonly string[], actions: readonly string[]): boolean {
  return actions.length > 0 && actions.every((each) => arnMatch(patterns, each.toLowerCase()))
}

describe('serviceActions', () => {
  it('says in words what reads, and leaves out what only begins alike', () => {
    expect(actionsOf('s3').reads).toEqual(['s3:get*', 's3:list*', 's3:describe*'])
    expect(actionsOf('dynamodb').reads).toContain('dynamodb:batchget*')
    expect(lets(actionsOf('dynamodb').reads, ['dynamodb:PartiQLDelete'])).toBe(false)
    expect(lets(actionsOf('secretsmanager').reads, ['secretsmanager:GetSecretValue'])).toBe(false)
    expect(lets(actionsOf('secretsmanager').secretReads, ['secretsmanager:GetSecretValue'])).toBe(true)
  })

  it('lets no operation of any service through with what reads that is of another class', () => {
    const wrong = everyOperation(catalogue)
      .filter(({ classes }) => classes.length === 0 || changesState(classes))
      .filter(({ classes }) => !classes.includes('credentials'))
      .filter(({ service, actions }) => lets(actionsOf(service.prefix).secretReads, actions))
    expect(wrong.map(({ service, name }) => `${service.model} ${name}`)).toEqual([])
  })

  it('lets nothing that reads secrets through with what reads', () => {
    const wrong = everyOperation(catalogue)
      .filter(({ traits }) => traits.includes('reads-secret'))
      .filter(({ classes }) => !classes.includes('credentials'))
      .filter(({ service, actions }) => lets(actionsOf(service.prefix).reads, actions))
    expect(wrong.map(({ service, name }) => `${service.model} ${name}`)).toEqual([])
  })

  it('has an action of every operation that issues credentials', () => {
    const missing = everyOperation(catalogue)
      .filter(({ classes }) => classes.includes('credentials'))
      .filter(
        ({ service, actions }) =>
          !actions.some((each) => lets(actionsOf(service.prefix).credentials, [each])),
      )
    expect(missing.map(({ service, name }) => `${service.model} ${name}`)).toEqual([])
  })

  it('knows nothing of a prefix that no service has', () => {
    expect(actionsOf('orders')).toEqual({ credentials: [], reads: [], secretReads: [] })
  })
})
