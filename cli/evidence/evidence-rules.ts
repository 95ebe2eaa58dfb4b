/**
 * The rules that evidence is held against: a `promotion.yml`, the one of this folder, or the defaults; and what the portfolio of the
 * family publishes instead, in the `portfolios.yml` beside it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { z } from 'zod/mini'
import { LAYER_FILE_BYTES_MAX } from '../../core/config/configuration.ts'
import { readYaml } from '../../core/config/document.ts'
import { type Checked, checkSchema } from '../../core/config/explain.ts'
import { payingSchema } from '../../core/config/portfolios.ts'
import { formatProblem, type Problem } from '../../core/config/problem.ts'
import { type PromotionFile, promotionSchema } from '../../core/config/promotion.ts'
import { PORTFOLIOS, PROMOTION } from '../../core/config/settings.ts'
import { grouped } from '../../core/money/money.ts'
import { rulesFor } from '../../core/promotion/rules.ts'
import { LAYER_FOLDER } from '../layers.ts'

export interface Rules {
  readonly promotion: PromotionFile
  /** Where they were found, for people. */
  readonly name: string
}

export function readRules(file: string | undefined, family: string): Rules | { readonly problem: string } {
  const path = file ?? join(LAYER_FOLDER, PROMOTION)
  const beside = join(dirname(path), PORTFOLIOS)
  const isDefault = file === undefined && !existsSync(path)
  const promotion = isDefault ? { value: promotionSchema.parse({}) } : readFile(path, promotionSchema, 'the rules')
  if ('problem' in promotion) return promotion
  const paying = existsSync(beside) ? readFile(beside, payingSchema, 'the portfolios') : { value: { portfolios: {} } }
  if ('problem' in paying) return paying
  const rules = rulesFor(promotion.value, paying.value, family)
  const name = isDefault ? 'the default rules' : path
  return { promotion: rules, name: rules === promotion.value ? name : `${name}, and the ratio of ${beside}` }
}

function readFile<Schema extends z.ZodMiniType>(
  path: string,
  schema: Schema,
  what: string,
): { readonly value: z.output<Schema> } | { readonly problem: string } {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isFile()) {
    const is = stat === undefined ? 'is not there' : 'is no file'
    return { problem: `${path} ${is}; expected ${what}; for example ${LAYER_FOLDER}/${PROMOTION}` }
  }
  if (stat.size > LAYER_FILE_BYTES_MAX) {
    return {
      problem: `${path} is longer than ${grouped(LAYER_FILE_BYTES_MAX)} bytes; expected a file that a person reads`,
    }
  }
  const source = readYaml(path, readFileSync(path, 'utf8'))
  if ('problems' in source) return { problem: words(source.problems) }
  const checked: Checked<z.output<Schema>> = checkSchema(schema, source.value, [source])
  return 'problems' in checked ? { problem: words(checked.problems) } : checked
}

function words(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n')
}
