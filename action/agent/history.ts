/** A conversation's messages with the proven bound of what sending them costs. Only ever appended to, but for one shortening. */
import { ConversationBound, type Message } from '../../core/money/input-bound.ts'
import { compact } from './compact.ts'

/**
 * Of ordinary text and code, for a guess. It only decides when a conversation is made shorter and how much room an answer
 * has in the model's context; no money rests on it.
 */
const CHARACTERS_PER_TOKEN = 3

export class History {
  /** What every request has besides the messages. */
  readonly #frame: readonly unknown[]
  #messages: Message[] = []
  #bound: ConversationBound
  /** Of the frame and the first so many messages. */
  #characters: number[]
  /** What the provider counted for the first so many. */
  #counted: { readonly messages: number; readonly inputTokens: number } | undefined
  #isShortened = false

  constructor(frame: readonly unknown[]) {
    this.#frame = frame
    this.#bound = new ConversationBound(frame)
    this.#characters = [JSON.stringify(frame).length]
  }

  get length(): number {
    return this.#messages.length
  }

  get messages(): readonly Message[] {
    return this.#messages
  }

  get counted(): { readonly messages: number; readonly inputTokens: number } | undefined {
    return this.#counted
  }

  append(message: Message): void {
    this.#messages.push(message)
    this.#bound.append(message)
    this.#characters.push(this.#charactersUpTo(this.#characters.length - 1) + JSON.stringify(message).length)
  }

  /** The most input tokens that the first `count` messages can be. */
  boundUpTo(count: number): number {
    return this.#bound.upTo(count)
  }

  /** What the provider reported for a call with the first `count` messages. */
  learn(count: number, inputTokens: number): void {
    this.#bound.learn(count, inputTokens)
    this.#counted = { messages: count, inputTokens }
  }

  /** About how many tokens the whole is. */
  get tokensGuess(): number {
    const { messages, inputTokens } = this.#counted ?? { messages: 0, inputTokens: 0 }
    const counted = this.#counted === undefined ? 0 : this.#charactersUpTo(messages)
    return inputTokens + Math.ceil((this.#charactersUpTo(this.length) - counted) / CHARACTERS_PER_TOKEN)
  }

  /** Leaves earlier turns out, and answers with what stands for them; `undefined` where that was done before or there are none. */
  shorten(): string | undefined {
    const shorter = this.#isShortened ? undefined : compact(this.#messages)
    if (shorter === undefined) return undefined
    this.#isShortened = true
    this.#messages = []
    this.#bound = new ConversationBound(this.#frame)
    this.#characters = this.#characters.slice(0, 1)
    this.#counted = undefined
    for (const message of shorter.messages) this.append(message)
    return shorter.note
  }

  #charactersUpTo(count: number): number {
    const characters = this.#characters[count]
    if (characters === undefined) throw new RangeError(`the conversation has no ${count} messages`)
    return characters
  }
}
