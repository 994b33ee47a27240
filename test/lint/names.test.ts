import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const SOURCES = globSync(['proxy/**/*.ts', 'policy/**/*.ts'], { cwd: ROOT }).toSorted()
const EXPORT = /^export (?:declare )?(?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm

/** Each verb of the command exports the same: that is how they are called. */
const IN_EVERY_VERB = new Set(['run'])

/** How no docstring of an export begins: its first sentence has a subject and a verb. */
const VERBLESS = /^(?:What|Whether|Who|How|Those|Of|As|Both|With|Whatever|Whoever)\b/

describe('names', () => {
  it('are exported from one file only', () => {
    const files = new Map<string, Set<string>>()
    for (const file of SOURCES) {
      for (const [, name = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(EXPORT)) {
        files.set(name, (files.get(name) ?? new Set()).add(file))
      }
    }
    const shared = [...files].filter(([name, { size }]) => size > 1 && !IN_EVERY_VERB.has(name))
    expect(shared.map(([name, where]) => `${name}: ${[...where].join(', ')}`)).toEqual([])
  })
})

describe('docstrings', () => {
  it('begin with a sentence', () => {
    const found = SOURCES.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      const all = [...text.matchAll(/\/\*\*\s*(?:\* )?((?:(?!\*\/)[^])*)\*\/\n(?:export |import )/g)]
      return all.flatMap(([, first = '']) => (VERBLESS.test(first) ? [`${file}: ${first}`] : []))
    })
    expect(found).toEqual([])
  })
})
