/** What the predicates of rules hold for, value by value. */
import { describe, expect, it } from 'vitest'
import { lookUp, placesIn } from '../../../proxy/aws/resources/places.ts'
import { satisfies } from '../../../proxy/aws/resources/predicates.ts'
import type { Document } from '../../../proxy/aws/protocols/tree.ts'

const US = { accountId: '111122223333' }

describe('predicates', () => {
  it.each<[string, Document, boolean]>([
    ['foreign', 'arn:aws:kms:us-east-1:111122223333:key/k', false],
    ['foreign', 'arn:aws:kms:us-east-1:999988887777:key/k', true],
    ['foreign', 'arn:aws:iam::aws:policy/ReadOnlyAccess', false],
    ['foreign', 'arn:aws:s3:::whose-bucket', true],
    ['foreign', '999988887777', true],
    ['foreign', '111122223333', false],
    ['foreign', 'alias/key', false],
    ['everybody', '0.0.0.0/0', true],
    ['everybody', '::/0', true],
    ['everybody', '[{"cidr":"0.0.0.0/0"}]', true],
    ['everybody', '10.0.0.0/8', false],
    ['everybody', '10.0.0.0/0', false],
    ['empty', [], true],
    ['empty', {}, true],
    ['empty', '', true],
    ['empty', 'x', false],
    ['empty', { a: 1 }, false],
    ['<35', 34, true],
    ['<35', '35', false],
    ['<35', 'many', true],
    ['=false', 'False', true],
    ['=disabled|off|false', 'OFF', true],
    ['=disabled|off|false', 'on', false],
    ['=disabled|off|false', false, true],
    ['<>private|bucket-owner-full-control', 'private', false],
    ['<>private|bucket-owner-full-control', 'public-read', true],
    ['~/policy|authoriz', '/Policy', true],
    ['~/policy|authoriz', '/name', false],
  ])('%s of %j', (predicate, value, holds) => {
    expect(satisfies(predicate, [value], US)).toBe(holds)
  })

  it('takes every account for another if ours is not known', () => {
    expect(satisfies('foreign', ['111122223333'], { accountId: undefined })).toBe(true)
  })
})

describe('places in a body', () => {
  const body = {
    List: [{ name: 'a' }, { Name: 'b' }],
    Map: { one: { v: 1 }, two: { v: 2 } },
    None: [],
    Deep: [[{ x: 'y' }]],
  }
  const found = (...paths: string[]) => {
    const into = new Map<string, Document[]>()
    lookUp(placesIn(paths.map((each) => ({ steps: each.split('.') }))), body, into)
    return Object.fromEntries(into)
  }

  it('are all found in one walk, in any case, through lists and maps', () => {
    expect(found('List.Name', 'Map.*.v', 'Map.@', 'Deep.x', 'Nothing.here')).toEqual({
      'list.name': ['a', 'b'],
      'map.*.v': [1, 2],
      'map.@': ['one', 'two'],
      'deep.x': ['y'],
    })
  })

  it('have an emptied list as their value', () => {
    expect(found('None')).toEqual({ none: [[]] })
  })
})
