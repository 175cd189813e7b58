// What every component test begins with: nothing left of the test before, Chinese with Mongolian beside it.
import { enableAutoUnmount } from '@vue/test-utils'
import { afterEach, beforeEach } from 'vitest'

import { showIn } from '@/state/display'
import { forgetLookup } from '@/state/lookup'
import { hush } from '@/state/notice'
import { tablet } from '@/state/tablet'

enableAutoUnmount(afterEach)

beforeEach(() => {
  localStorage.clear()
  window.location.hash = ''
  showIn('both')
  forgetLookup()
  hush()
  tablet.value = null
})
