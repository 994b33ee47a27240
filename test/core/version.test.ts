import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../proxy/observe/metrics.ts'
import { NODE_VERSION, VERSION } from '../../proxy/core/version.ts'

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string
}

describe('VERSION', () => {
  it('is the version in package.json', () => {
    expect(VERSION).toBe(version)
    expect(VERSION).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('stands in moderato_build_info beside the version of Node', async () => {
    expect(process.version).toBe(`v${NODE_VERSION}`)
    const text = await createMetrics({ services: new Set() }).text()
    expect(text.split('\n')).toContain(`moderato_build_info{version="${version}",node="${NODE_VERSION}"} 1`)
  })
})
