/** Lists other spellings of a request: order, case, encoding, repetition. Each changes bytes and tries to keep the meaning. */

/** A request as it goes on the wire, without its signature. */
export interface Wire {
  readonly method: string
  /** The path and query. */
  readonly target: string
  /** A flat list of name, value, name, value, ... */
  readonly headers: readonly string[]
  readonly body: Buffer
}

export interface Spelling {
  readonly name: string
  readonly spell: (wire: Wire) => Wire
}

function spelling(name: string, spell: (wire: Wire) => Partial<Wire>): Spelling {
  return { name, spell: (wire) => ({ ...wire, ...spell(wire) }) }
}

function ofText(name: string, change: (text: string) => string): Spelling {
  return spelling(name, ({ body }) => ({ body: Buffer.from(change(body.toString('latin1')), 'latin1') }))
}

function ofHeader(title: string, name: string, change: (value: string) => readonly string[]): Spelling {
  return spelling(title, ({ headers }) => ({
    headers: headers.flatMap((each, index) => {
      if (index % 2 === 1) return []
      const value = headers[index + 1] as string
      if (each.toLowerCase() !== name) return [each, value]
      return change(value).flatMap((other) => [each, other])
    }),
  }))
}

function swapCase(text: string): string {
  return text.replaceAll(/[a-z]/gi, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  )
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}

/** The spellings of every protocol. */
const ANY: readonly Spelling[] = [
  spelling('headers in another order', ({ headers }) => ({
    headers: headers.flatMap((_, index) =>
      index % 2 === 0 ? headers.slice(headers.length - 2 - index, headers.length - index) : [],
    ),
  })),
  spelling('names of headers in another case', ({ headers }) => ({
    headers: headers.map((each, index) => (index % 2 === 0 ? swapCase(each) : each)),
  })),
  ...['GET', 'DELETE', 'POST'].map((method) =>
    spelling(`another method beside, ${method}`, ({ headers }) => ({
      headers: [...headers, 'x-http-method-override', method],
    })),
  ),
  ...['GET', 'POST', 'PUT', 'HEAD'].map((method) => spelling(`the method ${method}`, () => ({ method }))),
  spelling('x-id of a read', ({ target }) => ({
    target: `${target}${target.includes('?') ? '&' : '?'}x-id=GetObject`,
  })),
  spelling('an Action in the query', ({ target }) => ({
    target: `${target}${target.includes('?') ? '&' : '?'}Action=ListTopics`,
  })),
  ofHeader('no content type', 'content-type', () => []),
  ...[
    'application/json',
    'application/x-www-form-urlencoded',
    'application/x-amz-json-1.1',
    'text/plain',
    'application/cbor',
  ].map((type) => ofHeader(`the content type ${type}`, 'content-type', () => [type])),
  ofHeader('a content type in another case', 'content-type', (value) => [swapCase(value)]),
  ofHeader('a content type with another charset', 'content-type', (value) => [
    `${value.split(';')[0]}; charset=utf-16`,
  ]),
]

const JSON_BODY: readonly Spelling[] = [
  ofText('blanks', (text) => text.replaceAll(/([{:,}])/g, ' \n$1\t')),
  ofText('members in another case', (text) =>
    text.replaceAll(/"(\w+)":/g, (_, name: string) => `"${swapCase(name)}":`),
  ),
  ofText('members with a small first letter', (text) =>
    text.replaceAll(/"(\w)(\w*)":/g, (_, first: string, rest: string) => `"${swapCase(first)}${rest}":`),
  ),
  ofText('escaped members', (text) =>
    text.replaceAll(
      /"(\w)(\w*)":/g,
      (_, first: string, rest: string) => `"\\u00${first.charCodeAt(0).toString(16)}${rest}":`,
    ),
  ),
  ofText('escaped values', (text) => text.replaceAll(/:"v/g, ':"\\u0076')),
  ofText('a member twice, another value first', (text) =>
    text.replace(/"(\w+)":"victim"/, (whole, name: string) => `"${name}":"other",${whole}`),
  ),
  ofText('a member twice, another value last', (text) =>
    text.replace(/"(\w+)":"victim"/, (whole, name: string) => `${whole},"${name}":"other"`),
  ),
  ofText('a member twice, in two cases', (text) =>
    text.replace(/"(\w+)":"victim"/, (whole, name: string) => `"${swapCase(name)}":"other",${whole}`),
  ),
  ofText('members beside', (text) =>
    text.replace('{', '{"DryRun":true,"Action":"ListTables","a":{"b":[1]},'),
  ),
  ofText('a prototype', (text) => text.replace('{', '{"__proto__":{"TableName":"other"},')),
  ofText('a byte order mark', (text) => `\u00ef\u00bb\u00bf${text}`),
  ofText('a second document', (text) => `${text}{}`),
  ofText('a list around it', (text) => `[${text}]`),
]

const TARGET: readonly Spelling[] = [
  ofHeader('a target in another case', 'x-amz-target', (value) => [swapCase(value)]),
  ofHeader('another prefix of the target', 'x-amz-target', (value) => [
    `Other_20200101.${value.split('.')[1]}`,
  ]),
  ofHeader('a prefix with dots', 'x-amz-target', (value) => [`com.amazonaws.${value}`]),
  ofHeader('two targets, the mild one first', 'x-amz-target', (value) => [
    value.replace(/\.\w+$/, '.ListTables'),
    value,
  ]),
  ofHeader('two targets, the mild one last', 'x-amz-target', (value) => [
    value,
    value.replace(/\.\w+$/, '.ListTables'),
  ]),
  ofHeader('a target with blanks', 'x-amz-target', (value) => [` ${value} `]),
  spelling('another path', ({ target }) => ({ target: target.replace(/^\//, '/x') })),
]

const FORM: readonly Spelling[] = [
  ofText('parameters in another order', (text) => text.split('&').toReversed().join('&')),
  ofText('names in another case', (text) =>
    text.replaceAll(/(^|&)([^=]+)/g, (_, before: string, name: string) => before + swapCase(name)),
  ),
  ofText('names in small letters, but for Action and Version', (text) =>
    text.replaceAll(
      /(^|&)(?!Action|Version)([^=]+)/g,
      (_, before: string, name: string) => before + name.toLowerCase(),
    ),
  ),
  ofText('an Action in another case', (text) =>
    text.replace(/Action=(\w+)/, (_, name: string) => `Action=${swapCase(name)}`),
  ),
  ofText('encoded names', (text) =>
    text.replaceAll(/(^|&)(\w)/g, (_, before: string, first: string) => before + percent(first)),
  ),
  ofText('encoded values', (text) => text.replaceAll(/=(\w)/g, (_, first: string) => `=${percent(first)}`)),
  ofText('an Action twice, the mild one first', (text) => `Action=ListUsers&${text}`),
  ofText('an Action twice, the mild one last', (text) => `${text}&Action=ListUsers`),
  ofText('an Action twice, once encoded', (text) => `%41ction=DescribeInstances&${text}`),
  ofText('an Action twice, in two cases', (text) => `${text}&action=DescribeInstances`),
  ofText('no Version', (text) => text.replace(/&?Version=[\d-]+/, '')),
  ofText('another Version', (text) => text.replace(/Version=[\d-]+/, 'Version=2011-01-01')),
  ofText('a name twice, another value last', (text) => text.replace(/(\w+)=victim/, '$&&$1=other')),
  ofText('a name twice, another value first', (text) => text.replace(/(\w+)=victim/, '$1=other&$&')),
  ofText('a list index with a nought', (text) => text.replaceAll(/\.(\d)=/g, '.0$1=')),
  ofText('a list index that leaves a gap', (text) => text.replaceAll(/\.1=/g, '.7=')),
  ofText('a list with its member', (text) => text.replaceAll(/\.(\d)=/g, '.member.$1=')),
  ofText('semicolons', (text) => text.replaceAll('&', ';')),
  ofText('ampersands twice', (text) => `&&${text.replaceAll('&', '&&')}&`),
  ofText('a blank before a value', (text) => text.replaceAll('=v', '=+v')),
  ofText('a dry run', (text) => `${text}&DryRun=false`),
  spelling('parameters in the query', ({ target, body }) => ({
    target: `${target}?${body.toString()}`,
    body: Buffer.alloc(0),
  })),
  spelling('parameters in both', ({ target, body }) => ({ target: `${target}?${body.toString()}` })),
  spelling('a mild Action in the query', ({ target }) => ({
    target: `${target}?Action=ListUsers&Version=2010-05-08`,
  })),
]

function ofPath(name: string, change: (path: string) => string): Spelling {
  return spelling(name, ({ target }) => {
    const [path = '', query] = target.split('?')
    return { target: change(path) + (query === undefined ? '' : `?${query}`) }
  })
}

const PATH: readonly Spelling[] = [
  ofPath('a slash at the end', (path) => `${path}/`),
  ofPath('two slashes at the end', (path) => `${path}//`),
  ofPath('two slashes first', (path) => `/${path}`),
  ofPath('two slashes in between', (path) => path.replace(/(.)\//, '$1//')),
  ofPath('an encoded slash', (path) => path.replace(/(.)\/(?=[^/]*$)/, '$1%2F')),
  ofPath('an encoded letter', (path) => path.replace(/\/(\w)/, (_, first: string) => `/${percent(first)}`)),
  ofPath('an encoded last letter', (path) => path.replace(/\w$/, percent)),
  ofPath('another case', swapCase),
  ofPath('a dot segment', (path) => path.replace(/^\//, '/./')),
  ofPath('two dot segments', (path) => path.replace(/^\//, '/x/../')),
  ofPath('two dot segments at the end', (path) => `${path}/x/..`),
  ofPath('encoded dot segments', (path) => path.replace(/^\//, '/x/%2e%2e/')),
  ofPath('a parameter of a segment', (path) => `${path};a=b`),
  ofPath('a blank at the end', (path) => `${path}%20`),
  ofPath('a zero byte at the end', (path) => `${path}%00`),
  ...['tagging', 'acl', 'versioning', 'uploads', 'list-type=2', 'delete', 'policy', 'location'].map((key) =>
    spelling(`?${key}`, ({ target }) => ({ target: `${target}${target.includes('?') ? '&' : '?'}${key}` })),
  ),
  spelling('a query in another case', ({ target }) => ({
    target: target.replace(/\?.*/, swapCase),
  })),
  spelling('a query key with an encoded letter', ({ target }) => ({
    target: target.replace(/\?(\w)/, (_, first: string) => `?${percent(first)}`),
  })),
  spelling('a query key with a value', ({ target }) => ({ target: target.replace(/\?(\w+)$/, '?$1=x') })),
  spelling('a query key twice', ({ target }) => ({ target: target.replace(/\?(\w+)$/, '?$1&$1') })),
]

const XML: readonly Spelling[] = [
  ofText('blanks between elements', (text) => text.replaceAll('><', '>\n  <')),
  ofText('blanks around a value', (text) => text.replaceAll('victim', ' victim ')),
  ofText('elements in another case', (text) =>
    text.replaceAll(/(<\/?)(\w+)/g, (_, open: string, name: string) => open + swapCase(name)),
  ),
  ofText('a prefix', (text) =>
    text
      .replaceAll(/(<\/?)(\w)/g, '$1s:$2')
      .replace(/<s:\w+/, '$& xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"'),
  ),
  ofText('a character reference', (text) => text.replaceAll('victim', '&#118;ictim')),
  ofText('CDATA', (text) => text.replaceAll('victim', '<![CDATA[victim]]>')),
  ofText('a comment in a value', (text) => text.replaceAll('victim', 'vic<!-- -->tim')),
  ofText('an entity', (text) => `<!DOCTYPE a [<!ENTITY e "victim">]>${text.replaceAll('victim', '&e;')}`),
  ofText('an element twice', (text) => text.replace(/<Key>\w+<\/Key>/, '<Key>other</Key>$&')),
  ofText('an item twice', (text) =>
    text.replace(/<Object>.*?<\/Object>/, '$&<Object><Key>other</Key></Object>'),
  ),
  ofText('attributes', (text) => text.replaceAll(/<(Object|Key)>/g, '<$1 a="b">')),
  ofText('a declaration', (text) => `<?xml version="1.0" encoding="UTF-8"?>${text}`),
  ofText('a declaration of another encoding', (text) => `<?xml version="1.0" encoding="UTF-16"?>${text}`),
  ofText('elements beside', (text) => text.replace(/(<\w+>)/, '$1<Quiet>true</Quiet><DryRun>true</DryRun>')),
]

/** The spellings by protocol. */
export const SPELLINGS = {
  json: [...ANY, ...TARGET, ...JSON_BODY],
  form: [...ANY, ...FORM],
  path: [...ANY, ...PATH],
  xml: [...ANY, ...PATH, ...XML],
} as const satisfies Readonly<Record<string, readonly Spelling[]>>
