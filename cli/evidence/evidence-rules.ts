/** The rules that evidence is held against: a `promotion.yml`, the one of this folder, or the defaults. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { LAYER_FILE_BYTES_MAX } from '../../core/config/configuration.ts'
import { readYaml } from '../../core/config/document.ts'
import { checkSchema } from '../../core/config/explain.ts'
import { formatProblem, type Problem } from '../../core/config/problem.ts'
import { type PromotionFile, promotionSchema } from '../../core/config/promotion.ts'
import { PROMOTION } from '../../core/config/settings.ts'
import { grouped } from '../../core/money/money.ts'
import { LAYER_FOLDER } from '../layers.ts'

export interface Rules {
  readonly promotion: PromotionFile
  /** Where they were found, for people. */
  readonly name: string
}

export function readRules(file: string | undefined): Rules | { readonly problem: string } {
  const own = `${LAYER_FOLDER}/${PROMOTION}`
  const path = file ?? (existsSync(own) ? own : undefined)
  if (path === undefined) return { promotion: promotionSchema.parse({}), name: 'the default rules' }
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isFile()) {
    const what = stat === undefined ? 'is not there' : 'is no file'
    return { problem: `${path} ${what}; expected the rules; for example ${own}` }
  }
  if (stat.size > LAYER_FILE_BYTES_MAX) {
    return {
      problem: `${path} is longer than ${grouped(LAYER_FILE_BYTES_MAX)} bytes; expected a file that a person reads`,
    }
  }
  const source = readYaml(path, readFileSync(path, 'utf8'))
  if ('problems' in source) return { problem: words(source.problems) }
  const checked = checkSchema(promotionSchema, source.value, [source])
  return 'problems' in checked ? { problem: words(checked.problems) } : { promotion: checked.value, name: path }
}

function words(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n')
}
