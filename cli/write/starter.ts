/** The files that a repository starts with, as `purser init` writes them. Plain texts, so that their comments stay. */

/** Stands where nobody said in which repository the Action lies. */
export const ACTION_PLACEHOLDER = 'owner/purser@main'

export const ACTIONS_WORKFLOW = '.github/workflows/purser.yml'

/** Path from the repository's root -> text. `action`: `owner/repository@ref`, as `uses:` takes it. */
export function starterFiles(action = ACTION_PLACEHOLDER): Readonly<Record<string, string>> {
  return {
    '.github/purser/portfolios.yml': starterPortfolios(action),
    '.github/purser/promotion.yml': starterPromotion(action),
    [ACTIONS_WORKFLOW]: starterActionsWorkflow(action),
  }
}

/** `owner/repository/delivery@ref`: the Action for the second job lies in the same repository. */
export function deliveryOf(action: string): string {
  return action.replace('@', '/delivery@')
}

/** Where editors find the JSON Schemas of the declared files. */
export function schemasOf(action: string): string {
  return `https://raw.githubusercontent.com/${action.replace('@', '/')}/schemas`
}

export function starterPortfolios(action = ACTION_PLACEHOLDER): string {
  return `# yaml-language-server: $schema=${schemasOf(action)}/portfolios.schema.json
# What this repository pays for, how much, and how the work is judged. Read from the default branch only.
version: 1

# What the work is good for. Keep this list short: at most seven.
values:
  quality: { measure: rework-and-reverts }
  speed: { measure: first-run-to-merge }
  reliability: { measure: incident-open-hours, label: incident }

models:
  default: gpt-5-mini
  # A model that is not in the price list needs its price, in US dollars per million tokens:
  # prices: { our-llama: { input: 0.20, cached: 0.05, output: 0.80 } }

# Small bundles of workflows, each with one purpose and one budget.
portfolios:
  refactoring:
    purpose: Safer, faster refactors
    value: quality
    workflows: [refactor+tests, review]
    budget: { usd: 40, per: month }
    cap: { usd: 2.50 } # the most that one session may cost
    overrides: { cap: 2x } # \`/agent refactor+tests cap=2x\` may ask for twice that
  writing:
    purpose: A changelog that users can rely on
    value: quality
    workflows: [changelog]
    budget: { usd: 5, per: month }
  checks:
    purpose: Green pull requests sooner
    value: speed
    workflows: [fix-ci]
    budget: { usd: 20, per: month }
  incidents:
    purpose: Shorter incidents
    value: reliability
    workflows: [incident-triage, postmortem]
    budget: { usd: 60, per: month }
    high-cost: Incidents justify deep context. # shown with every quote and result

# An issue after each month: what the portfolios cost and what came of it.
review: { per: month }

# A protected budget that every squad has for trying variants of its own:
# exploration:
#   sprint: { days: 14, from: 2026-11-02 }
#   every-squad: { tokens: 2_000_000 }
#   squads:
#     payments: { paths: ['services/payments/**'] }
`
}

export function starterPromotion(action = ACTION_PLACEHOLDER): string {
  return `# yaml-language-server: $schema=${schemasOf(action)}/promotion.schema.json
# When a variant is proposed as the standard. Public, and the same for every squad.
window: { days: 60 }
promote:
  runs: 10 # settled runs of the variant, and of the baseline; also the distance between checkpoints
  subjects: 5 # distinct pull requests
  accepted: 80% # at least, and not below the baseline's
  spend-per-accepted: 1.25x # of the baseline's, at most
  unknown: 20% # at most, of settled plus unknown
  reverted: 5% # at most, and not above twice the baseline's
sunset:
  runs: 10
  accepted-below: 40%
`
}

/** Carries out the runs that the App dispatches, by their id. */
export function starterActionsWorkflow(action = ACTION_PLACEHOLDER): string {
  return `# Carries out the runs that Purser's App has quoted and reserved. What may run and what it may cost stands in
# .github/purser/ on the default branch.
name: Purser
run-name: Purser run \${{ inputs.run }}

on:
  workflow_dispatch:
    inputs:
      run:
        description: The id of a run that the App has reserved
        required: true
        type: string
  # To note every push in the changelog, take the comment signs off here and at \`workflow\` below.
  # push:
  #   branches: [main]

permissions:
  contents: read
  id-token: write # proves to the App which repository and Actions workflow asks; there is no shared secret

jobs:
  run:
    runs-on: ubuntu-24.04
    timeout-minutes: 360
    # Only the default branch may use this environment, so that no other branch can read the model key.
    environment: purser
    outputs:
      artifact: \${{ steps.run.outputs.report && format('purser-run-{0}', github.run_attempt) || '' }}
    steps:
      # Commands of agents run confined. Hosted runners lack bubblewrap, and their AppArmor lets no program make user
      # namespaces unless a profile says so: this one says it of bubblewrap alone.
      - name: Install the sandbox
        run: |
          sudo apt-get update --quiet
          sudo apt-get install --yes --quiet --no-install-recommends bubblewrap
          sudo tee /etc/apparmor.d/bwrap >/dev/null <<'PROFILE'
          abi <abi/4.0>,
          include <tunables/global>
          profile bwrap /usr/bin/bwrap flags=(unconfined) {
            userns,
            include if exists <local/bwrap>
          }
          PROFILE
          sudo apparmor_parser --replace /etc/apparmor.d/bwrap

      # The Action fetches the pinned commit itself and keeps no credentials in it.
      - name: Run
        id: run
        uses: ${action}
        with:
          run: \${{ inputs.run }}
          # workflow: \${{ github.event_name == 'push' && 'changelog' || '' }}
          app-url: \${{ vars.PURSER_APP_URL }}
          api-key: \${{ secrets.OPENAI_API_KEY }}
          # For agents with \`runtime: claude-code\`, which a step before this one has to install:
          # anthropic-api-key: \${{ secrets.ANTHROPIC_API_KEY }}

      # The App keeps a run's log and its work. Without one they stay here for a while, on a public repository for everybody.
      - name: Keep the run
        if: always() && vars.PURSER_APP_URL == ''
        uses: actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0
        with:
          name: purser-run-\${{ github.run_attempt }}
          path: |
            \${{ runner.temp }}/purser-*/events.jsonl
            \${{ runner.temp }}/purser-*/checkpoint.json
            \${{ runner.temp }}/purser-*/report.json
            \${{ runner.temp }}/purser-*/work.patch
          if-no-files-found: ignore
          retention-days: 30

  # The App delivers the work itself. Without one this job does: it may write, has no key, and runs nothing of the repository.
  deliver:
    needs: run
    if: \${{ !cancelled() && vars.PURSER_APP_URL == '' && needs.run.outputs.artifact != '' }}
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: write
      pull-requests: write # GitHub also wants "Allow GitHub Actions to create and approve pull requests" in the settings
      issues: write
    steps:
      - name: Fetch the run
        uses: actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131 # v7.0.0
        with:
          name: \${{ needs.run.outputs.artifact }}
          path: \${{ runner.temp }}/purser-run

      - name: Deliver
        uses: ${deliveryOf(action)}
        with:
          report: \${{ runner.temp }}/purser-run/report.json
          # As above; what the run left does not decide what may be delivered.
          workflow: \${{ github.event_name == 'push' && 'changelog' || '' }}
`
}
