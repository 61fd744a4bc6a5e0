import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import { defineConfig } from 'prisma/config'

// Prisma's schema engine as JavaScript, because its native one is not on npm. The adapter knows no columns of type "char" and name,
// which the engine reads from PostgreSQL's catalog: they become text.
const Result = createRequire(import.meta.url)('pg/lib/result')
const addFields = Result.prototype.addFields
const asText: Record<number, number> = { 18: 25, 19: 25, 1002: 1009, 1003: 1009 }
Result.prototype.addFields = function (fields: { dataTypeID: number }[]) {
  for (const field of fields) field.dataTypeID = asText[field.dataTypeID] ?? field.dataTypeID
  return addFields.call(this, fields)
}

export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }),
})
