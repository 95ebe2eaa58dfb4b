/**
 * Loaded before any schema is made: zod would compile each to a function at its first use, which takes longer than all
 * that one run parses with it. And zod/mini has no words of its own for what is wrong.
 */
import { config } from 'zod/mini'
import en from 'zod/v4/locales/en.js'

config({ ...en(), jitless: true })
