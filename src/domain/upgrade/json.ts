/** A JSON object of a file not yet checked. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a file of the first version. */
export function isFirstVersion(value: unknown): value is JsonObject {
  return isObject(value) && value.version === 1
}

/** Each item of a list changed; what is no list is left for the schema to refuse. */
export function mapList(value: unknown, change: (item: JsonObject) => unknown): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isObject(item) ? change(item) : item)) : value
}
