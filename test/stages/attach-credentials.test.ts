import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Approved, Paced } from '../../proxy/exchange/exchange.ts'
import type { Signer } from '../../proxy/core/ports.ts'
import { attachCredentials } from '../../proxy/stages/attach-credentials.ts'

const SIGNER: Signer = { credentials: { accessKeyId: 'AKIA', secretAccessKey: 's' }, as: 'plain' }
const paced = { requestId: 'r-1' } as Paced

function stageWith(given: Signer | Promise<Signer>, recheck: (exchange: Approved) => void = () => undefined) {
  return attachCredentials({ signers: { of: () => given }, recheck })
}

describe('equip', () => {
  it('gives the call what it is signed with', async () => {
    expect(stageWith(SIGNER)(paced)).toEqual({ requestId: 'r-1', signer: SIGNER })
    expect(await stageWith(Promise.resolve(SIGNER))(paced)).toEqual({ requestId: 'r-1', signer: SIGNER })
  })

  it('judges a call again that waited for its credentials, and no other', async () => {
    const judged: string[] = []
    const recheck = ({ requestId }: Approved) => {
      judged.push(requestId)
      throw new Denial('revoked', 'its task ended')
    }
    await stageWith(SIGNER, recheck)(paced)
    expect(judged).toEqual([])
    const late = stageWith(Promise.resolve(SIGNER), recheck)(paced)
    await expect(late).rejects.toMatchObject({ reason: 'revoked' })
    expect(judged).toEqual(['r-1'])
  })

  it('refuses a call that has none', async () => {
    const none = Promise.reject(new Denial('upstream_credentials', 'no provider'))
    await expect(stageWith(none)(paced)).rejects.toMatchObject({ reason: 'upstream_credentials' })
  })
})
