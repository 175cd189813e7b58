// Where the tablet's interface begins.
import { createApp } from 'vue'

import App from './App.vue'
import './style/fonts.css'

createApp(App).mount('#app')
