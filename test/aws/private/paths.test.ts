import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PATH_TEMPLATE, pathMatcher } from '../../../proxy/aws/private/paths.ts'

const TEMPLATES = [
  '/',
  '/orders',
  '/orders/{id}',
  '/orders/export',
  '/orders/{id}/items/{item}',
  '/files/{path+}',
]
const match = pathMatcher(TEMPLATES)

describe('pathMatcher', () => {
  it.each([
    ['/', '/', {}],
    ['/orders', '/orders', {}],
    ['/orders/17', '/orders/{id}', { id: '17' }],
    ['/orders/a%20b', '/orders/{id}', { id: 'a b' }],
    ['/orders/export', '/orders/export', {}],
    ['/orders/%65xport', '/orders/export', {}],
    ['/orders/export/items/2', '/orders/{id}/items/{item}', { id: 'export', item: '2' }],
    ['/files/a/b/c', '/files/{path+}', { path: 'a/b/c' }],
  ])('takes %s for %s', (path, template, labels) => {
    const found = match(path)
    expect(found?.template).toBe(template)
    expect(Object.fromEntries(found?.labels ?? [])).toEqual(labels)
  })

  it.each([
    ['an empty segment', '/orders//17'],
    ['an empty segment before', '//orders/17'],
    ['a slash at the end', '/orders/17/'],
    ['a slash at the end of a greedy label', '/files/a/'],
    ['an encoded slash', '/orders/1%2F7'],
    ['an encoded slash in a greedy label', '/files/a%2fb'],
    ['a backslash', '/orders/..%5C17'],
    ['dot segments', '/orders/17/../18'],
    ['an encoded dot segment', '/orders/%2e%2E'],
    ['a single dot', '/orders/./17'],
    ['dots of another width', `/orders/${encodeURIComponent('．．')}`],
    ['a slash of another width', `/orders/1${encodeURIComponent('／')}7`],
    ['an escape of an escape', '/orders/%252e%252e'],
    ['a parameter of a segment', '/orders/17;v=1'],
    ['an encoded question mark', '/orders/17%3Fx'],
    ['an encoded line end', '/orders/17%0a'],
    ['no UTF-8', '/orders/%ff'],
    ['another case of a literal', '/Orders/17'],
    ['another case of a literal beside a label', '/orders/EXPORT'],
    ['another form of a literal beside a label', `/orders/${encodeURIComponent('ｅxport')}`],
    ['a label that is not there', '/orders/17/items'],
    ['a greedy label of nothing', '/files'],
    ['nothing that is described', '/customers'],
  ])('takes %s for nothing: %s', (_, path) => {
    expect(match(path)).toBeUndefined()
  })

  it('never takes a path for one that its own segments do not spell', () => {
    const part = fc.constantFrom(
      'orders',
      'export',
      'files',
      'items',
      '17',
      '%65xport',
      'EXPORT',
      '..',
      '.',
      '',
      '%2F',
      '%2e',
      'x;y',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const found = match(`/${parts.join('/')}`)
        if (found === undefined) return
        const filled = found.template.replaceAll(
          /\{(\w+)\+?\}/g,
          (_, name: string) => found.labels.get(name) ?? '',
        )
        expect(filled).toBe(`/${parts.map(decodeURIComponent).join('/')}`)
        if (parts.length === 2 && decodeURIComponent(parts[1] ?? '') === 'export' && parts[0] === 'orders')
          expect(found.template).toBe('/orders/export')
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['', 'orders', '/orders/', '//', '/a//b', '/{a+}/b', '/{A}', '/{a', '/a b', '/a%20', '/../a{b}'])(
    'is not made from the template %j',
    (template) => {
      expect(template).not.toMatch(PATH_TEMPLATE)
    },
  )
})
