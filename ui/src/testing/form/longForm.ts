// A form of any length, to measure with: one page of many questions, and a repeat of many instances.

const TEXTS = [
  ['水井', 'ᠬᠤᠳᠳᠤᠭ'],
  ['草场边界', 'ᠪᠡᠯᠴᠢᠭᠡᠷ\u202Fᠦᠨ ᠬᠢᠵᠠᠭᠠᠷ'],
  ['联系电话', 'ᠤᠲᠠᠰᠤ'],
  ['谈到的内容', 'ᠶᠠᠷᠢᠭᠰᠠᠨ ᠵᠦᠶᠢᠯ'],
] as const

/** `questions` on one page, every fifth asked only if the one before it is answered; then `instances` of a repeat. */
export function longForm(questions: number, instances: number): string {
  const numbers = Array.from({ length: questions }, (_, index) => index + 1)
  const texts = (at: 0 | 1) => numbers.map((n) => `<text id="q${n}"><value>${TEXTS[n % TEXTS.length]?.[at] ?? ''} ${n}</value></text>`).join('')
  const binds = numbers.map((n) => {
    const type = n % 3 === 0 && n % 4 !== 0 ? 'int' : 'string'
    return `<bind nodeset="/data/many/q${n}" type="${type}"${n % 5 === 0 ? ` relevant="/data/many/q${n - 1} != ''"` : ''}/>`
  })
  const controls = numbers.map((n) =>
    n % 4 === 0
      ? `<select1 ref="/data/many/q${n}"><label ref="jr:itext('q${n}')"/><item><label>是</label><value>y</value></item><item><label>否</label><value>n</value></item></select1>`
      : `<input ref="/data/many/q${n}"><label ref="jr:itext('q${n}')"/></input>`,
  )
  const each = '<dog><name/><age/><kind/></dog>'
  return `<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
<h:head><h:title>long</h:title><model>
<itext><translation lang="中文 (zh-Hans)" default="true()">${texts(0)}<text id="dog"><value>牧羊犬</value></text></translation>
<translation lang="ᠮᠣᠩᠭᠣᠯ (mn-Mong)">${texts(1)}<text id="dog"><value>ᠨᠣᠬᠠᠢ</value></text></translation></itext>
<instance><data id="long" version="1"><many>${numbers.map((n) => `<q${n}/>`).join('')}</many>${each.replace('<dog>', '<dog jr:template="">')}${each.repeat(instances)}<meta><instanceID/></meta></data></instance>
${binds.join('\n')}
<bind nodeset="/data/dog/name" type="string" required="true()"/><bind nodeset="/data/dog/age" type="int"/><bind nodeset="/data/dog/kind" type="string"/>
<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>
</model></h:head>
<h:body><group ref="/data/many" appearance="field-list"><label>许多问题</label>${controls.join('\n')}</group>
<group ref="/data/dog"><label ref="jr:itext('dog')"/><repeat nodeset="/data/dog"><input ref="/data/dog/name"><label>叫什么</label></input><input ref="/data/dog/age"><label>几岁</label></input><input ref="/data/dog/kind"><label>品种</label></input></repeat></group>
</h:body></h:html>`
}
