/**
 * Loaded before any schema is made: zod would compile each to a function at its first use, which takes longer than all
 * that one run parses with it.
 */
import { config } from 'zod'

config({ jitless: true })
