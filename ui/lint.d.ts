// What a `.vue` file is to tools that read only TypeScript (the linter); vue-tsc reads the files themselves.
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}
