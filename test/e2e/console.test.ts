import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALICE, approvalIn, PEOPLE } from '../support/approvers.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { CHROMIUM, missing } from '../support/tools.ts'

describe.skipIf(missing(CHROMIUM))('the console in a browser', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  let browser: Browser
  beforeAll(async () => {
    const scene = await openScene({
      settings: { admin: { people: PEOPLE }, policy: { approvals: [{ classes: ['destructive'] }] } },
    })
    ;({ upstream, proxy } = scene)
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
    return scene.stop
  })
  afterAll(async () => {
    await browser?.close()
  })

  /** A page of the console, where somebody signed in; `problems` is what the browser refused or a script threw. */
  async function signedIn(token: string, hash = ''): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', ({ message }) => problems.push(message))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(`${proxy.adminUrl}/${hash}`)
    await page.fill('#token', token)
    await page.click('#login button')
    return { page, problems }
  }

  const asked = async (TableName: string) =>
    approvalIn((await thrownBy(dynamodb(proxy.url).send(new DeleteTableCommand({ TableName })))).message)

  it('approves what cannot be undone only after its name is typed', async () => {
    const id = await asked('orders')
    const { page, problems } = await signedIn(ALICE.token, `#${id}`)
    await expect
      .poll(() => page.textContent('#facts'))
      .toContain('"arn:aws:dynamodb:us-east-1:*:table/orders"')
    expect(await page.textContent('.irreversible')).toBe('NO')
    expect(await page.isDisabled('#approve')).toBe(true)
    await page.fill('#confirm', 'dynamodb:deleteTable')
    expect(await page.isDisabled('#approve')).toBe(true)
    await page.fill('#confirm', 'dynamodb:DeleteTable')
    await page.click('#approve')
    await expect.poll(() => page.textContent('#state')).toBe('Done: approved.')
    expect(await page.textContent('#decisions')).toContain(`approved by ${ALICE.id}`)
    await dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'orders' }))
    expect(upstream.arrived).toHaveLength(1)
    expect(problems).toEqual([])
    await page.close()
  })

  it('denies with a reason that the agent is told', async () => {
    const id = await asked('users')
    const { page } = await signedIn(ALICE.token, `#${id}`)
    await page.fill('#reason', 'Not today.')
    await page.click('#deny')
    await expect.poll(() => page.textContent('#state')).toBe('Done: denied.')
    const thrown = await thrownBy(dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'users' })))
    expect(thrown.message).toContain('said "Not today."')
    await page.close()
  })

  it('S18: shows what an agent wrote as text, and runs none of it', async () => {
    const attack = '<img src=x onerror=document.title="owned"><script>document.title="owned"</script>\u202e'
    const id = await asked('carts')
    const { page, problems } = await signedIn(ALICE.token, `#${id}`)
    await page.fill('#reason', attack)
    await page.click('#deny')
    await expect
      .poll(() => page.textContent('#decisions'))
      .toContain('"<img src=x onerror=document.title=\\"owned\\">')
    expect(await page.textContent('#decisions')).toContain('\\u{202e}')
    expect(await page.$$('#decisions img, #decisions script')).toEqual([])
    expect(await page.title()).toBe('Moderato: approvals')
    expect(problems).toEqual([])
    await page.close()
  })

  it('keeps the token nowhere, and says so when it is wrong', async () => {
    const { page } = await signedIn(ALICE.token)
    await expect.poll(() => page.textContent('#state')).toBe('Signed in.')
    // As text: this runs in the browser, of which these tests know no types.
    const kept = await page.evaluate(
      'JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, document.documentElement.outerHTML])',
    )
    expect(kept).not.toContain(ALICE.token)
    expect(await page.inputValue('#token')).toBe('')
    await page.reload()
    expect(await page.isVisible('#login')).toBe(true)
    await page.close()
    const { page: stranger } = await signedIn('x'.repeat(40))
    await expect.poll(() => stranger.textContent('#state')).toContain('Send your token')
    expect(await stranger.isHidden('main')).toBe(true)
    await stranger.close()
  })
})
