import { tmpdir } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { diskTrouble } from '../../proxy/core/disk.ts'

const failed = (fields: object, cause?: Error): Error =>
  Object.assign(new Error('it failed', { cause }), fields)

describe('diskTrouble', () => {
  it.each([
    ['a full disk', failed({ code: 'ENOSPC' }), /^the disk is full: free some space/],
    ['a quota', failed({ code: 'EDQUOT' }), /^the disk quota is used up/],
    ['a read-only file system', failed({ code: 'EROFS' }), /^the file system is read-only/],
    ['the cause of a failure', failed({}, failed({ code: 'ENOSPC' })), /^the disk is full/],
    ["SQLite's word for it", failed({ code: 'ERR_SQLITE_ERROR', errcode: 13 }), /^the disk is full/],
  ])('names %s, and what to do', (_, error, words) => {
    expect(diskTrouble(tmpdir(), error)).toMatch(words)
  })

  it.each([
    ['another failure', failed({ code: 'EACCES' })],
    ['a lock that somebody has', failed({ code: 'ERR_SQLITE_ERROR', errcode: 5 })],
    ['an I/O error of a disk with room', failed({ code: 'ERR_SQLITE_ERROR', errcode: 10 })],
    ['a name of every object', failed({ code: 'constructor' })],
    ['what is no error', 'ENOSPC'],
  ])('says nothing of %s', (_, error) => {
    expect(diskTrouble(tmpdir(), error)).toBeUndefined()
  })

  it('knows how SQLite itself says it', () => {
    const database = new DatabaseSync(':memory:')
    database.exec('PRAGMA max_page_count = 3; CREATE TABLE t (x)')
    let error: unknown
    try {
      database.exec('INSERT INTO t SELECT hex(zeroblob(4096)) FROM (VALUES (1), (2), (3), (4))')
    } catch (thrown) {
      error = thrown
    }
    database.close()
    expect(diskTrouble(tmpdir(), error)).toMatch(/^the disk is full/)
  })
})
