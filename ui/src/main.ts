// Where the tablet's interface begins.
import { createApp } from 'vue'

import App from './App.vue'
import { i18n } from './i18n'
import { tabletRouter } from './router'
import { followDisplayMode } from './state/display'
import { turnWheel } from './state/wheel'
import './style/fonts.css'
import './style/tokens.css'
import './style/base.css'
import './style/print.css'

followDisplayMode(document.documentElement)
turnWheel(document.documentElement)
createApp(App).use(i18n).use(tabletRouter()).mount('#app')
