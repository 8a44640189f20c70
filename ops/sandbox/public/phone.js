// The phone page: one conversation per number, newest text first, live.

const $ = (id) => document.getElementById(id)
const numbers = new Map() // number → its texts, newest first
let shown = null

function add(message, fresh) {
  const texts = numbers.get(message.to) ?? []
  if (texts.some((known) => known.sid === message.sid)) return
  texts.unshift(message)
  numbers.set(message.to, texts)
  if (fresh || shown === null) shown = message.to
}

function draw(freshSid) {
  const nav = $('numbers')
  nav.replaceChildren(...[...numbers].map(([number, texts]) => numberButton(number, texts)))
  const texts = numbers.get(shown) ?? []
  $('title').textContent = shown ? pretty(shown) : 'Messages'
  $('subtitle').textContent = texts[0]?.from ? `from ${texts[0].from}` : ''
  $('empty').hidden = texts.length > 0
  $('texts').hidden = texts.length === 0
  $('texts').replaceChildren(...texts.map((message) => item(message, message.sid === freshSid)))
}

function numberButton(number, texts) {
  const button = document.createElement('button')
  const count = document.createElement('span')
  count.textContent = texts.length
  button.dataset.number = number
  button.dataset.texts = texts.length
  button.append(pretty(number), count)
  button.setAttribute('aria-current', String(number === shown))
  button.onclick = () => {
    shown = number
    draw()
  }
  return button
}

function item(message, fresh) {
  const node = $('text').content.firstElementChild.cloneNode(true)
  node.dataset.sid = message.sid
  node.querySelector('time').textContent = new Date(message.at).toLocaleTimeString()
  node.querySelector('.body').textContent = message.body
  const code = node.querySelector('.code')
  code.hidden = !message.code
  code.querySelector('b').textContent = message.code ?? ''
  code.setAttribute('aria-label', `Copy the code ${message.code}`)
  code.onclick = () => copy(code, message.code)
  if (fresh) node.classList.add('new')
  return node
}

async function copy(button, code) {
  const label = button.querySelector('span')
  try {
    await navigator.clipboard.writeText(code)
    label.textContent = 'Copied'
  } catch {
    getSelection().selectAllChildren(button.querySelector('b'))
    label.textContent = 'Press Ctrl+C'
  }
  setTimeout(() => (label.textContent = 'Copy'), 1600)
}

function pretty(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '+1 $1 $2 $3').replace(/^\+49(\d{3})(\d+)$/, '+49 $1 $2')
}

function tick() {
  $('clock').textContent = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

async function load() {
  const { messages } = await (await fetch('/messages')).json()
  for (const message of messages.reverse()) add(message, true)
  draw()
}

const events = new EventSource('/events')
events.onopen = () => {
  $('live').textContent = 'live'
  $('live').classList.add('on')
  load() // also after a reconnection: nothing that arrived meanwhile is missing
}
events.onerror = () => {
  $('live').textContent = 'reconnecting'
  $('live').classList.remove('on')
}
events.onmessage = (event) => {
  const message = JSON.parse(event.data)
  add(message, true)
  draw(message.sid)
}
tick()
setInterval(tick, 1000)
draw()
