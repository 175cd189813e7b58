// How a form shows all its languages at once: one more translation is put into the XForm before it is loaded, whose
// every text holds all languages, parted by U+2063. The engine then evaluates the outputs of all languages together.
import { LANGUAGES, PART } from './texts'

type Language = (typeof LANGUAGES)[number]

/** The name of the translation that holds all languages. */
export const ALL_LANGUAGES = 'all'

/** A form made ready for loading. */
export interface MergedForm {
  xml: string
  /** The form's own name of its Chinese (or default) translation; `null` if it has no translations. */
  chinese: string | null
}

/** Adds the translation that holds all languages. Throws if the text is no XML. */
export function withAllLanguages(xml: string): MergedForm {
  const doc = new DOMParser().parseFromString(xml, 'text/xml')
  const wrong = doc.getElementsByTagName('parsererror')[0]
  if (wrong !== undefined) throw new Error(`The form is not XML: ${wrong.textContent}`)
  const itext = doc.getElementsByTagName('itext')[0]
  const translations = itext === undefined ? [] : [...itext.children]
  const first = translations.find((each) => each.hasAttribute('default')) ?? translations[0]
  if (itext === undefined || first === undefined) return { xml, chinese: null }

  const byLanguage = new Map<Language, Element>()
  for (const each of translations) {
    const language = languageOf(each.getAttribute('lang') ?? '')
    if (language !== null && !byLanguage.has(language)) byLanguage.set(language, each)
  }
  const base = byLanguage.get('zh') ?? first
  byLanguage.set('zh', base)

  for (const each of translations) foldGuidance(each)
  const merged = base.cloneNode(true) as Element
  merged.setAttribute('lang', ALL_LANGUAGES)
  merged.removeAttribute('default')
  const others = LANGUAGES.slice(1).map((language) => plainValues(byLanguage.get(language)))
  for (const text of merged.children) {
    const value = plainValue(text)
    if (value === undefined) continue
    for (const values of others) {
      value.appendChild(doc.createTextNode(PART))
      for (const node of values.get(text.getAttribute('id') ?? '')?.childNodes ?? []) {
        value.appendChild(node.cloneNode(true))
      }
    }
  }
  itext.appendChild(merged)
  return { xml: new XMLSerializer().serializeToString(doc), chinese: base.getAttribute('lang') }
}

/** Reads a translation's name: a BCP 47 tag, alone or in brackets after a name (`中文 (zh-Hans)`). */
export function languageOf(name: string): Language | null {
  const tag = (/\(([^)]*)\)/.exec(name)?.[1] ?? name).toLowerCase()
  if (tag.startsWith('zh')) return 'zh'
  if (tag === 'mn-mong' || tag.startsWith('mn-mong-')) return 'mong'
  if (tag === 'mn-cyrl' || tag === 'mn') return 'cyrl'
  if (tag === 'en' || tag.startsWith('en-')) return 'en'
  return null
}

/** Guidance stands behind the hint it belongs to; the engine would take it for more of the same text. */
function foldGuidance(translation: Element): void {
  for (const text of translation.children) {
    const guidance = [...text.children].find((value) => value.getAttribute('form') === 'guidance')
    if (guidance === undefined) continue
    const plain = plainValue(text)
    if (plain === undefined) {
      guidance.removeAttribute('form')
      continue
    }
    plain.append('\n', ...guidance.childNodes)
    guidance.remove()
  }
}

function plainValues(translation: Element | undefined): Map<string, Element> {
  const values = new Map<string, Element>()
  for (const text of translation?.children ?? []) {
    const value = plainValue(text)
    if (value !== undefined) values.set(text.getAttribute('id') ?? '', value)
  }
  return values
}

function plainValue(text: Element): Element | undefined {
  return [...text.children].find((value) => !value.hasAttribute('form'))
}
