// Small XForms for the tests of this room, and the pack's real visit form.
import { readFileSync } from 'node:fs'

const NAMESPACES = [
  'xmlns="http://www.w3.org/2002/xforms"',
  'xmlns:h="http://www.w3.org/1999/xhtml"',
  'xmlns:jr="http://openrosa.org/javarosa"',
  'xmlns:orx="http://openrosa.org/xforms"',
].join(' ')

interface Parts {
  /** By text id: Chinese, Mongolian, Cyrillic. May hold markup. */
  texts?: Record<string, [zh: string, mong: string, cyrl?: string]>
  data: string
  binds?: string
  body: string
}

/** An XForm with an instance id and the given parts; `#name` stands for `jr:itext('name')` in label references. */
export function xform({ texts = {}, data, binds = '', body }: Parts): string {
  const translation = (lang: string, at: 0 | 1 | 2, extra = '') =>
    `<translation lang="${lang}"${extra}>` +
    Object.entries(texts)
      .filter(([, all]) => all[at] !== undefined)
      .map(([id, all]) => `<text id="${id}"><value>${all[at] ?? ''}</value></text>`)
      .join('') +
    '</translation>'
  const cyrillic = Object.values(texts).some((all) => all[2] !== undefined)
  const itext =
    Object.keys(texts).length === 0
      ? ''
      : `<itext>${translation('中文 (zh-Hans)', 0, ' default="true()"')}${translation('ᠮᠣᠩᠭᠣᠯ (mn-Mong)', 1)}` +
        `${cyrillic ? translation('монгол (mn-Cyrl)', 2) : ''}</itext>`
  return (
    `<?xml version="1.0"?><h:html ${NAMESPACES}><h:head><h:title>t</h:title><model>${itext}` +
    `<instance><data id="t" version="1">${data}<meta><instanceID/></meta></data></instance>${binds}` +
    `<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/></model></h:head>` +
    `<h:body>${body.replace(/"#([^"]+)"/g, `"jr:itext('$1')"`)}</h:body></h:html>`
  )
}

const VISIT = '../packs/anmulong/forms/household_visit.xml'

/** The visit form as it is in the pack. */
export function householdVisit(): string {
  return readFileSync(VISIT, 'utf8')
}
