import type { Command } from 'commander'

export interface StartOptions {
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('start')
    .description('start the App: webhooks, ledger, deliveries')
    .option('--json', 'print one JSON document once it listens: { url, ... }', false)
    .addHelpText(
      'after',
      `
Settings, from the environment:
  APP_ID            the App's number, from its settings page on GitHub (required)
  PRIVATE_KEY_PATH  its PEM file; or the text itself in PRIVATE_KEY (required)
  WEBHOOK_SECRET    the secret of its webhook (required)
  PUBLIC_URL        where people and jobs reach it
  PORT, HOST        where it listens; 3000 on this machine alone
  DATABASE_URL      a PostgreSQL server; else a database in a folder
  PURSER_DATA       that folder; .purser/data
  GHE_HOST          a GitHub Enterprise Server or a tenant on ghe.com
  LOG_LEVEL         debug, info, warn or error

Example:
  $ APP_ID=12345 PRIVATE_KEY_PATH=./purser.pem WEBHOOK_SECRET=... PUBLIC_URL=https://purser.example.com purser start`,
    )
    .action(async (options: StartOptions) => {
      const { start } = await import('../start.ts')
      process.exitCode = await start(options)
    })
}
