import { expect, test } from 'vitest'

import * as numbers from '../../src/uapi/map-type-number.ts'
import { mapTypes } from '../../src/uapi/map-type.ts'

test.each(Object.entries(numbers))('%s is the number of its name', (name, number) => {
  expect(`BPF_MAP_TYPE_${mapTypes[number]?.toUpperCase()}`).toBe(name)
})
