import type { ActionsEngine } from './actions.ts'
import type { ActionsRun, Job } from './contract.ts'
import { mayRead, mayWrite } from './identity.ts'
import { type Answer, type Ask, notFound, page, Refused, type Route, route, stringField } from './router.ts'
import { dispatchInputs } from './workflow-file.ts'
import { actorOf, type Json, type Repository, repositoryOf, type World } from './world.ts'

/** The REST API of Actions: dispatching a workflow file, and what became of its runs. */
export function actionsRoutes(world: World, engine: ActionsEngine): Route[] {
  const base = '/repos/:owner/:repo/actions'

  async function dispatch(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'actions', 'write')
    const name = stringField(ask.body, 'ref')
    const sha = (await repository.store.resolve(`refs/heads/${name.replace(/^refs\/heads\//, '')}`)) ?? null
    if (sha === null) throw new Refused(422, `No ref found for: ${name}`)
    const path = `.github/workflows/${ask.params.file}`
    const found = (await engine.workflows(repository, sha)).find((one) => one.path === path)
    if (!found) throw notFound()
    if (!found.file) throw new Refused(422, `failed to parse workflow: ${found.problem}`)
    const checked = dispatchInputs(found.file, (ask.body.inputs ?? {}) as Json)
    if ('problem' in checked) throw new Refused(422, checked.problem)
    const sender = await actorOf(world, ask.who)
    const ref = `refs/heads/${name.replace(/^refs\/heads\//, '')}`
    const actor = String(sender.login)
    const payload = {
      inputs: checked.inputs,
      ref,
      workflow: path,
      sender,
      repository: { id: repository.id, full_name: repository.fullName },
    }
    const run = await engine.begin({
      repository,
      path,
      event: 'workflow_dispatch',
      ref,
      sha,
      inputs: checked.inputs,
      actor,
      sender,
      payload,
    })
    if (ask.body.return_run_details !== true) return { status: 204 }
    const { url: run_url, html_url } = runJson(world, repository, run, sender)
    return { status: 200, json: { workflow_run_id: run.id, run_url, html_url } }
  }

  function runOf(ask: Ask): ActionsRun {
    mayRead(ask.who, 'actions')
    const run = engine.api.runs().find((one) => String(one.id) === ask.params.id)
    if (!run) throw notFound()
    return run
  }

  const getRun = (ask: Ask): Answer => ({
    status: 200,
    json: runJson(world, repositoryOf(world, ask), runOf(ask), null),
  })

  function listRuns(ask: Ask): Answer {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'actions')
    const fields = {
      event: ask.query.get('event'),
      head_sha: ask.query.get('head_sha'),
      status: ask.query.get('status'),
    }
    const all = engine.api
      .runs()
      .toReversed()
      .map((run) => runJson(world, repository, run, null))
    const wanted = all.filter((run) =>
      Object.entries(fields).every(
        ([name, value]) => value === null || run[name] === value || (name === 'status' && run.conclusion === value),
      ),
    )
    return page(ask, world.url, wanted, (workflow_runs) => ({ total_count: wanted.length, workflow_runs }))
  }

  function listJobs(ask: Ask): Answer {
    const run = runOf(ask)
    const jobs = run.jobs.map((job) => jobJson(world, repositoryOf(world, ask), run, job))
    return page(ask, world.url, jobs, (page) => ({ total_count: jobs.length, jobs: page }))
  }

  function getJob(ask: Ask): Answer {
    mayRead(ask.who, 'actions')
    for (const run of engine.api.runs()) {
      const job = run.jobs.find((one) => String(one.id) === ask.params.id)
      if (job) return { status: 200, json: jobJson(world, repositoryOf(world, ask), run, job) }
    }
    throw notFound()
  }

  function jobOf(id: string | undefined): Job {
    const job = engine.api.runs().flatMap(({ jobs }) => jobs.filter((one) => String(one.id) === id))[0]
    if (!job) throw notFound()
    return job
  }

  /** GitHub answers with the address of a text elsewhere, which opens for a minute to whoever has it. */
  function getLogs(ask: Ask): Answer {
    mayRead(ask.who, 'actions')
    const { id } = jobOf(ask.params.id)
    return { status: 302, headers: { location: `${world.url}/_job-logs/${id}` } }
  }

  function readLogs(ask: Ask): Answer {
    const { steps } = jobOf(ask.params.id)
    const lines = steps.flatMap(({ name, log, exitCode }) => [
      `##[group]${name}`,
      ...log.trimEnd().split('\n'),
      ...(exitCode ? [`##[error]Process completed with exit code ${exitCode}.`] : []),
    ])
    const text = [...lines, 'Cleaning up orphan processes'].map((line) => `2026-11-20T14:10:00.1234567Z ${line}\r\n`)
    return { status: 200, text: text.join('') }
  }

  function cancel(ask: Ask): Answer {
    mayWrite(ask.who, 'actions', 'write')
    const run = runOf(ask)
    if (run.status === 'completed') throw new Refused(409, 'Cannot cancel a workflow run that is completed.')
    engine.api.cancel(run.id)
    return { status: 202, json: {} }
  }

  async function rerun(ask: Ask): Promise<Answer> {
    mayWrite(ask.who, 'actions', 'write')
    const run = runOf(ask)
    if (run.status !== 'completed') throw new Refused(403, 'This workflow is already running')
    await engine.rerun(run.id, ask.params.failed === undefined ? 'all' : 'failed')
    return { status: 201, json: {} }
  }

  async function listWorkflows(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'actions')
    const found = await engine.workflows(repository, 'refs/heads/main')
    const all = found.map(({ path, file }, index) => ({
      id: index + 1,
      name: file?.name ?? path,
      path,
      state: 'active',
    }))
    return page(ask, world.url, all, (workflows) => ({ total_count: all.length, workflows }))
  }

  return [
    route('POST', `${base}/workflows/:file/dispatches`, dispatch),
    route('GET', `${base}/workflows`, listWorkflows),
    route('GET', `${base}/runs`, listRuns),
    route('GET', `${base}/runs/:id`, getRun),
    route('GET', `${base}/runs/:id/jobs`, listJobs),
    route('GET', `${base}/runs/:id/attempts/:attempt/jobs`, listJobs),
    route('POST', `${base}/runs/:id/cancel`, cancel),
    route('POST', `${base}/runs/:id/rerun`, rerun),
    route('POST', `${base}/runs/:id/rerun-failed-jobs`, (ask) =>
      rerun({ ...ask, params: { ...ask.params, failed: 'yes' } }),
    ),
    route('GET', `${base}/jobs/:id`, getJob),
    route('GET', `${base}/jobs/:id/logs`, getLogs),
    route('GET', '/_job-logs/:id', readLogs),
  ]
}

export function runJson(world: World, repository: Repository, run: ActionsRun, actor: Json | null): Json {
  const url = `${world.url}/repos/${repository.fullName}/actions/runs/${run.id}`
  return {
    id: run.id,
    name: run.name,
    display_title: run.name,
    path: run.workflow,
    event: run.event,
    status: run.status,
    conclusion: run.status === 'completed' ? run.conclusion : null,
    head_branch: run.ref.replace('refs/heads/', ''),
    head_sha: run.sha,
    run_number: 1,
    run_attempt: run.attempt,
    actor: actor ?? { login: run.actor },
    triggering_actor: actor ?? { login: run.actor },
    pull_requests: [],
    repository: { id: repository.id, name: repository.name, full_name: repository.fullName },
    head_repository: { id: repository.id, name: repository.name, full_name: repository.fullName },
    url,
    html_url: `${world.url}/${repository.fullName}/actions/runs/${run.id}`,
    jobs_url: `${url}/jobs`,
    cancel_url: `${url}/cancel`,
  }
}

export function jobJson(world: World, repository: Repository, run: ActionsRun, job: Job): Json {
  const url = `${world.url}/repos/${repository.fullName}`
  return {
    id: job.id,
    run_id: run.id,
    run_attempt: run.attempt,
    name: job.name,
    status: job.status,
    conclusion: job.status === 'completed' ? job.conclusion : null,
    head_sha: run.sha,
    head_branch: run.ref.replace('refs/heads/', ''),
    workflow_name: run.name,
    runner_name: job.status === 'queued' ? null : 'world',
    check_run_url: `${url}/check-runs/${job.checkRunId}`,
    url: `${url}/actions/jobs/${job.id}`,
    html_url: `${world.url}/${repository.fullName}/actions/runs/${run.id}/job/${job.id}`,
    steps: job.steps.map((step, index) => ({
      name: step.name,
      status: 'completed',
      conclusion: step.conclusion,
      number: index + 1,
    })),
  }
}
