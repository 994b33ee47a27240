/**
 * Reads one PartiQL statement of DynamoDB: what it does, and to which table. DynamoDB's dialect has one table in each
 * statement, and no joins or subqueries. This reader takes only what every reader of PartiQL takes in the same way;
 * what is left may have any meaning. Source: "PartiQL statements for DynamoDB" in AWS's developer guide, and the lexer
 * of partiql-lang-kotlin.
 */

export interface PartiqlStatement {
  readonly verb: 'select' | 'insert' | 'update' | 'delete'
  /** The name or the ARN of the table, as the statement has it. */
  readonly table: string
  readonly index: string | undefined
  /** True if an update removes an attribute, or elements of a set. */
  readonly removes: boolean
}

interface Token {
  /** A word in lower case, a sign, `"` for a name in double quotes, or `'` for any other value. */
  readonly kind: string
  readonly value: string
}

/** DynamoDB accepts statements of 8 KB. */
const MAX_STATEMENT = 8192

/** A number ends before a word: `1FROM` is one token for some readers, and two for others. */
const TOKEN =
  /([ \t\r\n]+)|(--[^\r\n]*|\/\*[^]*?\*\/)|"((?:[^"\0]|"")*)"|('(?:[^'\0]|'')*')|([a-z_$][\w$]*)|((?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?(?![\w$]))|(\/(?!\*)|[*,.()[\]{}<>=!+\-%:?;|])/iy
/** A reader that takes a backslash for an escape would find another end of the quoted text. */
const ESCAPES = /^(?:'[^]*\\'|"[^]*\\")/
/** Words that begin a clause or a subquery with a table, or that change what a clause does. As attributes they need quotes. */
const RESERVED =
  /\b(?:conflict|delete|except|exists|from|insert|intersect|into|join|let|pivot|remove|replace|select|set|set_delete|table|union|unpivot|update|upsert)\b/i
/** What a comment may say, so that the statement means the same to a reader that knows no comments. */
const PLAIN_COMMENT = /^(?:--|\/\*)[\w \t\r\n,.:!?()-]*(?:\*\/)?$/

/** Returns the tokens of a statement; undefined if there is a sign that not every reader takes in the same way. */
function tokensOf(statement: string): Token[] | undefined {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < statement.length) {
    const [all = '', , comment, name, text, word, number, sign] = TOKEN.exec(statement) ?? []
    if (all === '' || ((name ?? text) !== undefined && ESCAPES.test(all))) return undefined
    if (comment !== undefined && (!PLAIN_COMMENT.test(comment) || RESERVED.test(comment))) return undefined
    if (name !== undefined) tokens.push({ kind: '"', value: name })
    else if (word !== undefined) tokens.push({ kind: word.toLowerCase(), value: word })
    else if (text !== undefined || number !== undefined) tokens.push({ kind: "'", value: '' })
    else if (sign !== undefined) tokens.push({ kind: sign, value: '' })
  }
  return tokens
}

const OPENED_BY: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

/** Tells whether brackets are in pairs, and no word starts anything but the `allowed` clauses. */
function isPlain(tokens: readonly Token[], allowed: readonly string[] = []): boolean {
  const open: string[] = []
  for (const { kind, value } of tokens) {
    if (kind === ';' || (kind !== '"' && RESERVED.test(value) && !allowed.includes(kind))) return false
    if (kind === '(' || kind === '[' || kind === '{') open.push(kind)
    else if (Object.hasOwn(OPENED_BY, kind) && open.pop() !== OPENED_BY[kind]) return false
  }
  return open.length === 0
}

/** Returns the table, the index, and the tokens behind them. */
function pathOf(tokens: readonly Token[]) {
  const nameOf = (token: Token | undefined): string | undefined =>
    token !== undefined && token.value !== '' && (token.kind === '"' || !RESERVED.test(token.value))
      ? token.value
      : undefined
  const table = nameOf(tokens[0])
  const index = tokens[1]?.kind === '.' ? nameOf(tokens[2]) : undefined
  if (table === undefined) return undefined
  return { table, index, rest: tokens.slice(index === undefined ? 1 : 3) }
}

/** The words that may follow the table, and the clauses that may follow them. */
const FORMS = {
  select: { follows: ['where', 'order', undefined], clauses: [] },
  insert: { follows: ['value'], clauses: [] },
  update: { follows: ['set', 'remove'], clauses: ['set', 'remove', 'set_delete'] },
  delete: { follows: ['where', 'returning', undefined], clauses: [] },
} as const

function statementOn(verb: PartiqlStatement['verb'], tokens: readonly Token[]): PartiqlStatement | undefined {
  const path = pathOf(tokens)
  if (path === undefined) return undefined
  const { table, index, rest } = path
  const { follows, clauses } = FORMS[verb]
  if (!follows.some((each) => each === rest[0]?.kind) || !isPlain(rest, clauses)) return undefined
  const removes = rest.some(({ kind }) => kind === 'remove' || kind === 'set_delete')
  return { verb, table, index, removes: verb === 'update' && removes }
}

function selectIn(tokens: readonly Token[]): PartiqlStatement | undefined {
  const from = tokens.findIndex(({ kind }) => kind === 'from')
  if (tokens[0]?.kind !== 'select' || from < 2 || !isPlain(tokens.slice(1, from))) return undefined
  return statementOn('select', tokens.slice(from + 1))
}

/** Returns what a statement does; undefined if it cannot be read in one way only. */
export function readStatement(statement: string): PartiqlStatement | undefined {
  const tokens = statement.length > MAX_STATEMENT ? undefined : tokensOf(statement)
  if (tokens === undefined) return undefined
  if (tokens.at(-1)?.kind === ';') tokens.pop()
  const [first, second] = tokens
  switch (first?.kind) {
    case 'select':
      return selectIn(tokens)
    case 'exists':
      return second?.kind === '(' && tokens.at(-1)?.kind === ')' ? selectIn(tokens.slice(2, -1)) : undefined
    case 'insert':
      return second?.kind === 'into' ? statementOn('insert', tokens.slice(2)) : undefined
    case 'update':
      return statementOn('update', tokens.slice(1))
    case 'delete':
      return second?.kind === 'from' ? statementOn('delete', tokens.slice(2)) : undefined
    default:
      return undefined
  }
}
