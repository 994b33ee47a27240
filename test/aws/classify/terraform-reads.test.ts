/** A refresh of Terraform needs `read`, `list` and `reads-secret`, and no other grant. */
import { describe, expect, it } from 'vitest'
import { catalogue } from '../requests.ts'
import { TERRAFORM_READS } from './terraform-reads.ts'

const types = Object.entries(TERRAFORM_READS)
const MILD = ['read', 'list', 'reads-secret']

describe('a refresh of Terraform', () => {
  it('is known for more than sixty types', () => {
    expect(types.length).toBeGreaterThan(60)
  })

  it.each(types)('reads %s', (_type, calls) => {
    for (const key of calls.split(' ')) {
      const [model = '', name = ''] = key.split('.')
      const operation = catalogue.service(model)?.operation(name)
      const said = [
        ...(operation?.classes ?? ['unknown']),
        ...(operation?.rules.flatMap(({ adds }) => adds) ?? []),
      ]
      expect(
        said.filter((each) => !MILD.includes(each)),
        key,
      ).toEqual([])
    }
  })
})
