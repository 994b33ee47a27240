import { describe, expect, it } from 'vitest'
import { writtenReadme } from './support/readme-tables.ts'

describe('README', () => {
  it('has the tables that the code says (node test/support/readme-tables.ts writes them)', async () => {
    const { is, mustBe } = await writtenReadme()
    expect(is).toBe(mustBe)
  })
})
