import { join } from 'node:path'
import type { JobSetting } from './actions-job.ts'
import type { JobClaims } from './contract.ts'

/** What the runner gives every step, and nothing of this process's own environment but where programs are. */
export function jobEnv({ world, repository, run, file, job }: JobSetting, root: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(root, 'home'),
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: job.workspace,
    GITHUB_EVENT_PATH: join(root, 'event.json'),
    GITHUB_EVENT_NAME: run.event,
    GITHUB_REPOSITORY: repository.fullName,
    GITHUB_REPOSITORY_ID: String(repository.id),
    GITHUB_REPOSITORY_OWNER: repository.owner,
    GITHUB_REPOSITORY_OWNER_ID: String(repository.ownerId),
    GITHUB_RUN_ID: String(run.id),
    GITHUB_RUN_NUMBER: '1',
    GITHUB_RUN_ATTEMPT: String(run.attempt),
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_WORKFLOW: file.name,
    GITHUB_WORKFLOW_REF: workflowRef(repository.fullName, run.workflow, run.ref),
    GITHUB_WORKFLOW_SHA: run.sha,
    GITHUB_JOB: job.name,
    GITHUB_ACTOR: run.actor,
    GITHUB_TRIGGERING_ACTOR: run.actor,
    GITHUB_REF: run.ref,
    GITHUB_REF_NAME: run.ref.replace('refs/heads/', ''),
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REF_PROTECTED: 'false',
    GITHUB_SHA: run.sha,
    GITHUB_HEAD_REF: '',
    GITHUB_BASE_REF: '',
    GITHUB_SERVER_URL: world.url,
    GITHUB_API_URL: world.url,
    GITHUB_GRAPHQL_URL: `${world.url}/graphql`,
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: 'X64',
    RUNNER_NAME: 'world',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_TEMP: join(root, 'temp'),
    RUNNER_TOOL_CACHE: join(root, 'tools'),
    RUNNER_WORKSPACE: root,
  }
}

/** The claims of a job's ID token, named as GitHub names them. */
export function jobClaims({ repository, run, file, jobFile, job }: JobSetting): JobClaims {
  const ref = workflowRef(repository.fullName, run.workflow, run.ref)
  const subject = jobFile.environment === null ? `ref:${run.ref}` : `environment:${jobFile.environment}`
  return {
    sub: `repo:${repository.fullName}:${subject}`,
    repository: repository.fullName,
    repository_id: String(repository.id),
    repository_owner: repository.owner,
    repository_owner_id: String(repository.ownerId),
    repository_visibility: 'public',
    run_id: String(run.id),
    run_number: '1',
    run_attempt: String(run.attempt),
    event_name: run.event,
    actor: run.actor,
    workflow: file.name,
    ref: run.ref,
    ref_type: 'branch',
    ref_protected: 'false',
    head_ref: '',
    base_ref: '',
    sha: run.sha,
    workflow_ref: ref,
    workflow_sha: run.sha,
    job_workflow_ref: ref,
    job_workflow_sha: run.sha,
    check_run_id: String(job.checkRunId),
    runner_environment: 'github-hosted',
    ...(jobFile.environment === null ? {} : { environment: jobFile.environment }),
  }
}

const workflowRef = (repository: string, path: string, ref: string): string => `${repository}/${path}@${ref}`
