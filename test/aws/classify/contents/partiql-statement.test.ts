/** A statement is read in one way, or not at all: what is hidden from this reader must not be there for DynamoDB. */
import { describe, expect, it } from 'vitest'
import { readStatement } from '../../../../proxy/aws/classify/contents/partiql-statement.ts'

const said = (statement: string): string | undefined => {
  const read = readStatement(statement)
  if (read === undefined) return undefined
  return `${read.verb} ${read.table}${read.index === undefined ? '' : `|${read.index}`}${read.removes ? ' removes' : ''}`
}

describe('readStatement', () => {
  it.each<[string, string]>([
    // The examples of AWS's guide.
    ['SELECT OrderID, Total FROM "Orders" WHERE OrderID = 1', 'select Orders'],
    ['SELECT * FROM "TableName"."IndexName"', 'select TableName|IndexName'],
    ['SELECT * FROM "Orders" WHERE OrderID IN [1, 2, 3] ORDER BY OrderID DESC', 'select Orders'],
    [`SELECT Devices.FireStick.DateWatched[0] FROM WatchList WHERE "Customer" = 'C1'`, 'select WatchList'],
    [`SELECT * FROM "Music" WHERE begins_with("SongTitle", 'A') AND size(Tags) > 1.5e3`, 'select Music'],
    [`INSERT into Music value {'Artist' : 'Acme Band', 'Awards': <<1, 2>>}`, 'insert Music'],
    [`INSERT INTO "Music" VALUE ?`, 'insert Music'],
    [
      `UPDATE "Music" SET AwardsWon=1 SET AwardDetail={'Grammys':[2020, 2018]} WHERE Artist='Acme Band' RETURNING ALL OLD *`,
      'update Music',
    ],
    [`UPDATE "Music" REMOVE AwardDetail.Grammys[2] WHERE Artist='Acme Band'`, 'update Music removes'],
    [`UPDATE "Music" SET "remove" = 'remove' WHERE a=1`, 'update Music'],
    ['UPDATE Music SET a = set_delete(a, <<1>>) WHERE pk=1', 'update Music removes'],
    [`DELETE FROM "Music" WHERE "Artist" = 'Acme Band' AND "SongTitle" = 'PartiQL Rocks'`, 'delete Music'],
    [`EXISTS( SELECT * FROM "Music" WHERE "Artist" = 'Acme Band')`, 'select Music'],
    // Case, blanks, comments, quotes, and names that look like words of the language.
    ['  \r\n\tsElEcT\t*\nfRoM\n"t"\n;\n', 'select t'],
    ['-- all of it\nDELETE /* here */ FROM t', 'delete t'],
    ['SELECT*FROM"t"WHERE"a"=1', 'select t'],
    ['SELECT a FROM t--the end', 'select t'],
    [`SELECT * FROM "t" WHERE a = 'x; DELETE FROM "victim" -- '' /*'`, 'select t'],
    [`SELECT * FROM "t" WHERE a = '“日本” \u00a0'`, 'select t'],
    [`SELECT "from", "select" FROM "from" WHERE "join" = 'from'`, 'select from'],
    ['SELECT * FROM text WHERE name = 1', 'select text'],
    ['SELECT * FROM "a""b"', 'select a""b'],
    [
      'SELECT * FROM "arn:aws:dynamodb:us-east-1:111122223333:table/t"."i"',
      'select arn:aws:dynamodb:us-east-1:111122223333:table/t|i',
    ],
    [`SELECT * FROM t WHERE a = '{"b":"\\"c"}'`, 'select t'],
  ])('reads %j', (statement, expected) => {
    expect(said(statement)).toBe(expected)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['no table', 'SELECT 1'],
    ['an unknown word first', 'DROP TABLE t'],
    ['another form of change', 'FROM t WHERE a=1 SET b=2'],
    ['a replacing insert', 'REPLACE INTO t VALUE {}'],
    ['an insert that replaces on conflict', `INSERT INTO t VALUE {} ON CONFLICT DO REPLACE EXCLUDED`],
    ['two statements', 'SELECT * FROM t; DELETE FROM victim'],
    ['two ends', 'SELECT * FROM t;;'],
    ['a second table', 'SELECT * FROM t, victim'],
    ['a join', 'SELECT * FROM t JOIN victim ON a=b'],
    ['a cross join', 'SELECT * FROM t CROSS JOIN victim'],
    ['a second table after an index', 'SELECT * FROM "t"."i", "victim"'],
    ['a subquery in the condition', 'SELECT * FROM t WHERE a IN (SELECT b FROM victim)'],
    ['a subquery in the projection', 'SELECT (SELECT b FROM victim) FROM t'],
    ['a subquery as the table', 'SELECT * FROM (SELECT * FROM victim)'],
    ['a subquery in an item', `INSERT INTO t VALUE {'a': (SELECT b FROM victim)}`],
    ['an inserted query', 'INSERT INTO t SELECT * FROM victim'],
    ['a union', 'SELECT * FROM t WHERE a=1 UNION SELECT * FROM victim'],
    ['a union with a table', 'SELECT * FROM t WHERE a=1 UNION victim'],
    ['a pivot', 'PIVOT a AT b FROM victim'],
    ['an unpivoted table', 'SELECT * FROM UNPIVOT victim'],
    ['exists around two queries', 'EXISTS(SELECT * FROM t) AND EXISTS(SELECT * FROM victim)'],
    ['exists without its end', 'EXISTS(SELECT * FROM t'],
    ['a delete in an update', 'UPDATE t SET a=1 DELETE FROM victim'],
    ['an update without a clause', 'UPDATE t WHERE a=1'],
    ['a path of three', 'SELECT * FROM "a"."b"."c"'],
    ['a step into the table', 'SELECT * FROM "a"[\'b\']'],
    ['an alias that may be anything', 'SELECT * FROM t victim'],
    ['a text as the table', "SELECT * FROM 'victim'"],
    ['a parameter as the table', 'SELECT * FROM ?'],
    ['a bag as the table', 'SELECT * FROM <<1>>'],
    ['an empty name', 'SELECT * FROM ""'],
    ['a name with a hyphen but no quotes', 'SELECT * FROM my-table'],
    ['a text without its end', "SELECT * FROM t WHERE a = 'b"],
    ['a name without its end', 'SELECT * FROM "t'],
    ['brackets that cross', 'SELECT * FROM t WHERE (a[1)]'],
    ['a comment without its end', 'SELECT * FROM t /* FROM victim'],
    ['a comment in a comment', 'SELECT * FROM /* /* */ t */ victim'],
    ['a table in a comment', 'SELECT * FROM t -- , "victim"'],
    ['a clause in a comment', 'UPDATE t SET a = 1 --1 REMOVE b'],
    ['a query in a comment', 'SELECT * FROM t WHERE a = 1 --1 + (SELECT a FROM b)'],
    ['a line that ends in another way', 'SELECT * FROM t -- a\u2028WHERE b = 1'],
    [
      'a quote that a backslash may escape',
      `SELECT * FROM t WHERE a = 'b\\' UNION SELECT * FROM "victim" --'`,
    ],
    ['a name that a backslash may go on', 'SELECT * FROM "t\\" WHERE a = 1 --"'],
    ['Ion', "SELECT * FROM t WHERE a = `'` FROM victim`'`"],
    ['a number that runs into a word', 'SELECT * FROM t WHERE a = 1FROM victim'],
    ['typographic quotes', 'SELECT * FROM “victim”'],
    ['a full-width quote', 'SELECT * FROM t WHERE a = ＇b＇'],
    ['a blank that is not one for everybody', 'SELECT * FROM\u00a0t'],
    ['a word with a letter that folds to another', '\u017felect * FROM t'],
    ['a Kelvin sign in a word', 'SELECT * FROM t ORDER BY \u212a'],
    ['a zero byte', 'SELECT * FROM "t\u0000victim"'],
    ['a byte order mark', '\ufeffSELECT * FROM t'],
    ['an escape outside of quotes', 'SELECT * FROM \\u0022victim\\u0022'],
    ['more than DynamoDB accepts', `SELECT * FROM t WHERE a = '${'x'.repeat(8192)}'`],
  ])('refuses %s', (_what, statement) => {
    expect(said(statement)).toBeUndefined()
  })
})
