// The console: shows what waits for a person, and sends that person's decision. Everything is set as text, never as
// markup. The token lives in this module alone.
let token = ''
let shown
let approvals = []

const element = (id) => document.getElementById(id)
const state = (text) => (element('state').textContent = text)

async function ask(path, body) {
  const answer = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.message)
  return said
}

function made(name, text, properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties })
}

function drawList() {
  element('list').replaceChildren(
    ...approvals.map(({ id, status, summary }) => {
      const item = document.createElement('li')
      const button = made('button', `${status}: ${summary}`, { type: 'button', onclick: () => show(id) })
      button.setAttribute('aria-current', String(id === shown))
      item.append(button)
      return item
    }),
  )
  element('none').hidden = approvals.length > 0
}

function show(id) {
  const isOther = id !== shown
  shown = id
  history.replaceState(null, '', `#${encodeURIComponent(id)}`)
  drawList()
  const one = approvals.find((each) => each.id === id)
  element('one').hidden = one === undefined
  if (one === undefined) return
  element('summary').textContent = one.summary
  element('facts').replaceChildren(
    ...[...one.facts, ['digest', one.digest], ['until', one.expiresAt]].flatMap(([name, value]) => [
      made('dt', name),
      made('dd', value, { className: name === 'can be undone' && one.irreversible ? 'irreversible' : '' }),
    ]),
  )
  element('decisions').replaceChildren(
    ...one.decisions.map(({ person, approve, at, reason }) =>
      made('li', `${approve ? 'approved' : 'denied'} by ${person} at ${at}${reason ? `: ${reason}` : ''}`),
    ),
  )
  element('decide').hidden = !['pending', 'approved'].includes(one.status)
  element('expected').textContent = one.facts[0][1]
  element('confirm-label').hidden = !one.irreversible
  if (isOther) element('decide').reset()
  allow()
}

function allow() {
  const one = approvals.find(({ id }) => id === shown)
  const confirmed = !one?.irreversible || element('confirm').value === element('expected').textContent
  element('approve').disabled = one?.status !== 'pending' || !confirmed
}

async function refresh() {
  try {
    approvals = (await ask('/v1/approvals')).approvals
    drawList()
    if (shown !== undefined) show(shown)
    return true
  } catch (error) {
    state(error.message)
    return false
  }
}

async function decide(verb) {
  const reason = element('reason').value
  const body = {
    ...(reason === '' ? {} : { reason }),
    ...(verb === 'approve'
      ? { uses: Number(element('uses').value), skipPace: element('skip-pace').checked }
      : {}),
  }
  try {
    const { status } = await ask(`/v1/approvals/${encodeURIComponent(shown)}/${verb}`, body)
    element('decide').reset()
    await refresh()
    state(`Done: ${status}.`)
  } catch (error) {
    state(error.message)
  }
}

async function signIn() {
  token = element('token').value.trim()
  element('token').value = ''
  if (!(await refresh())) return
  state('Signed in.')
  element('login').hidden = true
  document.querySelector('main').hidden = false
  const linked = decodeURIComponent(location.hash.slice(1))
  if (linked !== '') show(linked)
  setInterval(() => {
    if (!document.hidden) void refresh()
  }, 5000)
}

element('login').addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn()
})
element('confirm').addEventListener('input', allow)
element('decide').addEventListener('submit', (event) => event.preventDefault())
element('approve').addEventListener('click', () => void decide('approve'))
element('deny').addEventListener('click', () => void decide('deny'))
