/** The way out of a sandbox: only to declared hosts, and never to this machine by the back door. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { mayConnect } from '../../../action/sandbox/network-address.ts'
import { type HostProxy, openProxy } from '../../../action/sandbox/proxy.ts'
import { machineRegistries } from '../../../action/sandbox/registries.ts'
import { openSandbox } from '../../../action/sandbox/sandbox.ts'
import { type HostRule, readHostRule, ruleFor } from '../../../core/plan/host.ts'
import { isRefusal } from '../../../core/reason.ts'
import { bubblewrap } from '../sandboxed.ts'

const rule = (written: string): HostRule => {
  const read = readHostRule(written)
  if (read === undefined) throw new Error(`${written} is no host`)
  return read
}

describe('a declared host', () => {
  it.each([
    ['pypi.org', { host: 'pypi.org' }],
    ['PyPI.org', { host: 'pypi.org' }],
    ['*.example.org', { host: '*.example.org' }],
    ['mirror:8443', { host: 'mirror', port: 8443 }],
    ['10.1.2.3:80', { host: '10.1.2.3', port: 80 }],
    ['[::1]:80', { host: '[::1]', port: 80 }],
    ['registry', undefined],
    ['*', undefined],
    ['*.', undefined],
    ['a.*.org', undefined],
    ['https://pypi.org', undefined],
    ['pypi.org/simple', undefined],
    ['pypi.org:0', undefined],
    ['pypi.org:99999', undefined],
    ['pypi.org\nevil.org', undefined],
    ['', undefined],
  ])('%j is read as %j', (written, expected) => expect(readHostRule(written)).toEqual(expected))

  it.each<[string[], string, number, string | undefined]>([
    [['pypi.org'], 'pypi.org', 443, 'pypi.org'],
    [['pypi.org'], 'PYPI.org.', 80, 'pypi.org'],
    [['pypi.org'], 'pypi.org', 22, undefined],
    [['pypi.org'], 'evil-pypi.org', 443, undefined],
    [['pypi.org'], 'pypi.org.evil.org', 443, undefined],
    [['*.pypi.org'], 'pypi.org', 443, undefined],
    [['*.pypi.org'], 'a.b.pypi.org', 443, '*.pypi.org'],
    [['*.pypi.org', 'a.pypi.org'], 'a.pypi.org', 443, 'a.pypi.org'],
    [['pypi.org:8443'], 'pypi.org', 443, undefined],
    [['pypi.org:8443'], 'pypi.org', 8443, 'pypi.org'],
  ])('of %j lets %s:%d through by %j', (rules, host, port, expected) => {
    expect(ruleFor(rules.map(rule), host, port)?.host).toBe(expected)
  })
})

describe('an address', () => {
  it.each<[string, string, boolean]>([
    ['pypi.org', '151.101.0.223', true],
    ['pypi.org', '2a04:4e42::223', true],
    ['pypi.org', '127.0.0.1', false],
    ['pypi.org', '0.0.0.0', false],
    ['pypi.org', '::1', false],
    ['pypi.org', '::', false],
    ['pypi.org', '::ffff:127.0.0.1', false],
    ['pypi.org', '169.254.169.254', false],
    ['pypi.org', 'fd00:ec2::254', false],
    ['pypi.org', 'fe80::1', false],
    ['pypi.org', 'fd20:ce::254', false],
    ...Object.values(networkInterfaces())
      .flatMap((one) => one ?? [])
      .map(({ address }): [string, string, boolean] => ['pypi.org', address, false]),
    ['*.pypi.org', '198.18.0.1', false],
    ['*.pypi.org', 'fec0::1', false],
    ['*.pypi.org', '64:ff9b:1::a9fe:a9fe', false],
    ['*.pypi.org', '2001:0:7f00:1::', false],
    ['pypi.org', '255.255.255.255', false],
    ['pypi.org', '168.63.129.16', false],
    ['pypi.org', '168.63.129.17', true],
    ['pypi.org', '100.100.100.200', false],
    ['pypi.org', '192.0.0.192', false],
    ['pypi.org', '::127.0.0.1', false],
    ['pypi.org', '::ffff:0:127.0.0.1', false],
    ['pypi.org', '64:ff9b::a9fe:a9fe', false],
    ['pypi.org', '64:ff9b::100.100.100.200', false],
    ['pypi.org', '64:ff9b::151.101.0.223', true],
    ['pypi.org', '2002:7f00:1::', false],
    ['pypi.org', '2002:a9fe:a9fe::1', false],
    ['pypi.org', '2002:9765:df::1', true],
    ['mirror.corp', '10.1.2.3', true],
    ['*.corp', '10.1.2.3', false],
    ['*.corp', '192.168.1.1', false],
    ['*.corp', '100.64.0.1', false],
    ['*.corp', 'fd12::1', false],
    ['*.corp', '::ffff:10.1.2.3', false],
    ['*.corp', '::8.8.8.8', false],
    ['*.corp', '::ffff:0:8.8.8.8', false],
    ['*.corp', '64:ff9b::8.8.8.8', false],
    ['*.corp', '2002:808:808::1', false],
    ['*.corp', '8.8.8.8', true],
    ['localhost', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['[::1]', '::1', true],
  ])('that %s stands for, %s: %s', (host, address, expected) => {
    expect(mayConnect(rule(host), address)).toBe(expected)
  })
})

describe('the registries', () => {
  const home = mkdtempSync(join(tmpdir(), 'purser-home-'))
  afterAll(() => rmSync(home, { recursive: true }))
  const hosts = (environment: NodeJS.ProcessEnv) => machineRegistries(environment, home).rules

  it('are the machine’s own where it is set to such, without the secrets of their addresses', () => {
    mkdirSync(join(home, '.config/pip'), { recursive: true })
    writeFileSync(
      join(home, '.npmrc'),
      '@acme:registry=https://npm.acme.example/\n//npm.acme.example/:_authToken=canary\n',
    )
    writeFileSync(
      join(home, '.config/pip/pip.conf'),
      '[global]\nindex-url = https://me:canary@pip.acme.example/simple\n',
    )
    const found = machineRegistries({ npm_config_registry: 'https://me:canary@mirror.example:8443/npm/' }, home)
    expect(JSON.stringify(found)).not.toContain('canary')
    expect(found.rules).toContainEqual({ host: 'mirror.example', port: 8443 })
    expect(found.rules).toContainEqual({ host: 'npm.acme.example' })
    expect(found.rules).toContainEqual({ host: 'pip.acme.example' })
    expect(found.env).toMatchObject({
      npm_config_registry: 'https://mirror.example:8443/npm/',
      PIP_INDEX_URL: 'https://pip.acme.example/simple',
    })
    expect(found.rules).not.toContainEqual({ host: '*.npmjs.org' })
  })

  it('are those that everybody uses otherwise', () => {
    rmSync(join(home, '.npmrc'), { force: true })
    expect(hosts({ npm_config_registry: 'file:///srv/npm' })).toContainEqual({ host: '*.npmjs.org' })
  })
})

describe('the proxy', () => {
  const dir = mkdtempSync(join(tmpdir(), 'purser-proxy-'))
  const socketPath = join(dir, 'proxy')
  const names: Record<string, string[]> = {
    localhost: ['127.0.0.1'],
    'rebound.example': ['127.0.0.1'],
    'nowhere.example': [],
  }
  const LONG = 'x'.repeat(3_000_000)
  const server = createHttpServer((asked, answer) => {
    if (asked.url !== '/next') answer.setHeader('connection', 'close')
    if (asked.url === '/long') return void answer.end(LONG)
    answer.end(`REACHED ${asked.method} ${asked.url} ${asked.headers.host}`)
  })
  let port = 0
  let proxy: HostProxy

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    const rules = [`localhost:${port}`, `rebound.example:${port}`, `nowhere.example:${port}`].map(rule)
    proxy = await openProxy(socketPath, rules, async (host) => names[host] ?? [])
  })
  afterAll(async () => {
    await proxy.close()
    server.close()
    rmSync(dir, { recursive: true })
  })

  function ask(method: string, path: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath, method, path, headers: { host: 'ignored.example' } })
      sent.on('error', reject)
      sent.on('connect', (got, socket) => {
        socket.destroy()
        resolve({ status: got.statusCode ?? 0, text: got.statusMessage ?? '' })
      })
      sent.on('response', async (got) => {
        let text = ''
        for await (const chunk of got) text += chunk
        resolve({ status: got.statusCode ?? 0, text })
      })
      sent.end()
    })
  }

  it('passes plain requests and tunnels on to declared hosts', async () => {
    expect(await ask('GET', `http://localhost:${port}/a?b=c`)).toEqual({
      status: 200,
      text: `REACHED GET /a?b=c localhost:${port}`,
    })
    expect((await ask('CONNECT', `localhost:${port}`)).status).toBe(200)
  })

  it('lets all of an answer through a tunnel to a slow reader that has said all it has to say', async () => {
    const socket = connect({ path: socketPath, allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    socket.write(`CONNECT localhost:${port} HTTP/1.1\r\nhost: ignored.example\r\n\r\n`)
    await once(socket, 'data')
    socket.pause().end('GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n')
    let text = ''
    for await (const chunk of socket) {
      text += chunk
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(text.split('\r\n\r\n')[1]?.length).toBe(LONG.length)
  })

  it('hears the request after one whose body the host did not want', async () => {
    const socket = connect(socketPath)
    onTestFinished(() => void socket.destroy())
    const head = (line: string) => `${line} HTTP/1.1\r\nhost: ignored.example\r\n`
    // More than is read ahead of whoever wants it.
    const bytes = 5_000_000
    socket.write(`${head(`POST http://localhost:${port}/unwanted`)}content-length: ${bytes}\r\n\r\n`)
    socket.write('x'.repeat(bytes))
    socket.write(`${head(`GET http://localhost:${port}/next`)}connection: close\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toContain('REACHED GET /next')
  })

  it.each([
    ['a host that is not declared', (at: number) => `other.example:${at}`],
    ['another port', () => 'localhost:1'],
    ['this machine by a number', (at: number) => `127.0.0.1:${at}`],
    ['this machine by another number', (at: number) => `[::ffff:127.0.0.1]:${at}`],
    ['a name that was made to mean this machine', (at: number) => `rebound.example:${at}`],
  ])('refuses %s, and says which', async (_, target) => {
    for (const [method, path] of [
      ['CONNECT', target(port)],
      ['GET', `http://${target(port)}/`],
    ] as const) {
      const { status, text } = await ask(method, path)
      expect(status).toBe(403)
      expect(text).not.toContain('REACHED')
    }
    expect(proxy.refused().length).toBeGreaterThan(0)
  })

  it.each(['CONNECT /', 'CONNECT user@localhost:80', 'GET /', 'GET https://localhost/', 'GET ftp://localhost/'])(
    'answers %s with 400',
    async (line) => {
      const [method = '', path = ''] = line.split(' ')
      expect((await ask(method, path)).status).toBe(400)
    },
  )

  it.runIf(bubblewrap)('is all that a sandboxed command can reach, and is closed with it', async () => {
    const workDir = join(dir, 'work')
    mkdirSync(workDir)
    const places = { workDir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [dir] }
    // Of this test's own: others make such folders at the same time.
    vi.stubEnv('TMPDIR', join(dir, 'tmp'))
    onTestFinished(() => void vi.unstubAllEnvs())
    mkdirSync(tmpdir())
    const sandbox = await openSandbox(places, 'bubblewrap', process.env)
    if (isRefusal(sandbox)) throw new Error(sandbox.message)
    const fetching = (url: string) =>
      `fetch('${url}').then(async (got) => console.log(got.status, await got.text()), (error) => console.log(String(error.cause ?? error)))`
    const script = `node -e "${fetching(`http://localhost:${port}/`)}"; node -e "${fetching('http://other.example/')}"; env | grep -ic canary; exit 7`
    const env = { PATH: `${join(process.execPath, '..')}:${process.env.PATH}` }
    const result = await sandbox.run(`unset NO_PROXY no_proxy; ${script}`, {
      timeoutMs: 20_000,
      network: [`localhost:${port}`],
      env,
    })
    expect(result.head).toContain('200 REACHED GET / localhost')
    expect(result.head.split('\n')[1]).toContain('Error')
    expect(result.exitCode).toBe(7)
    expect(result.refusedHosts).toEqual(['other.example:80'])
    expect(readdirSync(tmpdir())).toEqual([])
    // A program that is spoken to is given the same, for as long as it is there.
    const program = await sandbox.start(['bash', '-c', `unset NO_PROXY no_proxy; ${script}`], env, [
      `localhost:${port}`,
    ])
    const [printed] = await once(program.stdout, 'data')
    expect(String(printed)).toContain('200 REACHED GET / localhost')
    await vi.waitFor(() => expect(readdirSync(tmpdir())).toEqual([]), { timeout: 10_000 })
  })
})
