// What a page can do to a server, by functions that tests/samples/page_attacks.py names.
// Each returns what the page can read, as a text.

const SECONDS_OF_AN_ELEMENT = 2
const SECONDS_OF_A_SOCKET = 3

const pause = seconds => new Promise(done => setTimeout(done, 1000 * seconds))

const functions = {
  async fetched({url, method, body, type, headers, mode, credentials, keepalive}) {
    // the Blob's type is the request's; without one there is no Content-Type
    const answer = await fetch(url, {
      method,
      body: body == null ? undefined : new Blob([body], {type: type ?? ""}),
      headers: headers ?? {},
      mode: mode ?? "cors",
      credentials: credentials ?? "omit",
      keepalive: keepalive ?? false,
    })
    return `${answer.type} ${answer.status} ${await answer.text()}`
  },

  async with_token({client, headers, ...rest}) {
    client ??= crypto.randomUUID?.() ?? "00000000-0000-4000-8000-00000000000b"
    const origin = new URL(rest.url).origin
    const asked = await fetch(`${origin}/api/csrf-token?client=${client}`, {
      headers: headers ?? {},
    })
    const {token} = await asked.json()
    // a server without this protection has no token, and asks for none
    const csrf = token && {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": client}
    return functions.fetched({...rest, headers: {...headers, ...csrf}})
  },

  async beacon({url, body}) {
    navigator.sendBeacon(url, new Blob([body]))
    await pause(0.2)
    return ""
  },

  xhr({url, method, body, type}) {
    return new Promise(done => {
      const request = new XMLHttpRequest()
      request.onloadend = () => done(request.responseText)
      request.open(method, url)
      request.setRequestHeader("Content-Type", type)
      request.send(body)
    })
  },

  async form({url, body, type}) {
    const frame = document.createElement("iframe")
    frame.name = `frame${Math.random()}`
    document.body.append(frame)
    const form = document.createElement("form")
    Object.assign(form, {action: url, method: "POST", enctype: type, target: frame.name})
    // name=value is JSON, because = stands in a text
    const field = document.createElement("input")
    field.name = `${body.slice(0, -1)}, "tags": ["`
    field.value = `"]}`
    form.append(field)
    document.body.append(form)
    return shown(frame, () => form.submit())
  },

  async element({url, kind}) {
    if (kind == "popup") {
      const popup = open(url)
      await pause(0.2)
      try {
        return popup.document.body.innerText
      } finally {
        popup?.close()
      }
    }
    if (kind == "event source") {
      const source = new EventSource(url)
      return new Promise(done => {
        source.onmessage = ({data}) => done(data)
        source.onerror = () => done(source.close() ?? "")
      })
    }
    const [tag, attribute] = {
      image: ["img", "src"],
      script: ["script", "src"],
      stylesheet: ["link", "href"],
      iframe: ["iframe", "src"],
      embed: ["embed", "src"],
    }[kind]
    const element = document.createElement(tag)
    if (kind == "stylesheet") element.rel = kind
    let said = ""
    const listen = event => (said += event.message)
    addEventListener("error", listen)
    const text = await shown(element, () => {
      element[attribute] = url
      document.body.append(element)
    })
    removeEventListener("error", listen)
    return said + text
  },

  socket({url, protocols, messages}) {
    const received = []
    return new Promise(done => {
      const socket = new WebSocket(url.replace("http", "ws"), protocols)
      const said = how => `${how}: ${received.join()}`
      const leave = () => done(said("open")) ?? socket.close()
      socket.onmessage = ({data}) => received.push(data) && setTimeout(leave, 200)
      socket.onopen = () => {
        messages.forEach(each => socket.send(each))
        setTimeout(leave, 1000 * SECONDS_OF_A_SOCKET)
      }
      socket.onclose = ({code}) => done(said(`closed with ${code}`))
    })
  },
}

// Act, wait until the element has loaded or failed, and return its document's text.
async function shown(element, act) {
  const loaded = new Promise(done => (element.onload = element.onerror = done))
  act()
  await Promise.race([loaded, pause(SECONDS_OF_AN_ELEMENT)])
  try {
    return element.contentDocument.body.innerText
  } catch {
    return "" // of another origin, or no document
  } finally {
    element.remove()
  }
}

async function attack({function: name, ...options}) {
  try {
    return await functions[name](options)
  } catch (error) {
    return String(error)
  }
}

// Send attacks, and return what each could read, by its name. At once means all but
// WebSockets: Chromium delays them otherwise.
async function attackAll({attacks, atOnce}) {
  const read = {}
  const run = async ({name, ...options}) => (read[name] = await attack(options))
  const waiting = []
  for (const each of attacks) {
    if (atOnce && each.function != "socket") waiting.push(run(each))
    else await run(each)
  }
  await Promise.all(waiting)
  return read
}
