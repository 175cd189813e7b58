// The drawn signs of the interface: strokes on a square of 24.
export const GLYPHS = {
  // the crown of a ger, seen from inside
  today: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM12 3v18M3 12h18',
  // a ger
  households: 'M3 11c2-3 5-5 7-6h4c2 1 5 3 7 6zM4 11v8h16v-8M10 19v-5h4v5M10 5V3h4v2',
  sync: 'M4 9a8 8 0 0 1 14-3l2 2M20 3v5h-5M20 15a8 8 0 0 1-14 3l-2-2M4 21v-5h5',
  // lines across and lines down
  display: 'M3 6h8M3 12h8M3 18h8M15.5 4v16M20.5 4v16',
  lock: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3',
  back: 'M15 5l-7 7l7 7',
  onward: 'M9 5l7 7l-7 7',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.5 15.5L21 21',
  phone: 'M6 3h4l2 5l-3 2a12 12 0 0 0 5 5l2-3l5 2v4c0 1-1 2-2 2C11 20 4 13 4 5c0-1 1-2 2-2z',
  camp: 'M12 5L3 20h18zM12 5l-2-2M12 5l2-2M12 13l-3 7M12 13l3 7',
  area: 'M12 21c-4-5-6-8-6-11a6 6 0 0 1 12 0c0 3-2 6-6 11zM12 8a2 2 0 1 0 0 4a2 2 0 1 0 0-4z',
  person: 'M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM4 21c0-4 3-7 8-7s8 3 8 7',
  check: 'M4 12.5l5 5L20 6.5',
  alert: 'M12 3L2 20h20zM12 9v6M12 17.5v.5',
  photo: 'M4 7h4l2-3h4l2 3h4v12H4zM12 9.5a4 4 0 1 0 0 8a4 4 0 1 0 0-8z',
  picture: 'M4 4h16v16H4zM4 16l5-5l4 4l3-3l4 4M15 8v.5',
  pen: 'M4 20l1-5L16 4l4 4L9 19zM13 7l4 4',
  calendar: 'M4 5h16v16H4zM4 10h16M8 3v4M16 3v4M8 14v.01M12 14v.01M16 14v.01M8 17.5v.01M12 17.5v.01',
  clock: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM12 7v5l4 2',
  erase: 'M9 5h12v14H9l-7-7zM12 9l6 6M18 9l-6 6',
  close: 'M5 5l14 14M19 5L5 19',
  task: 'M5 3v18M5 4h14l-3 5l3 5H5',
  bin: 'M4 6h16M9 6V4h6v2M6 6l1 15h10l1-15M10 10v7M14 10v7',
  split: 'M12 21v-8M12 13C12 9 5 9 5 4M12 13c0-4 7-4 7-9M2.5 6.5L5 4l2.5 2.5M16.5 6.5L19 4l2.5 2.5',
  // two tablets, one handing something to the other
  tablets: 'M3 4h7v13H3zM14 7h7v13h-7zM5.5 14.5h2M16.5 17.5h2M11 11h2',
  station: 'M3 21h18M5 21V10h14v11M12 3v7M12 3l6 2l-6 2M9 21v-5h6v5',
  up: 'M5 15l7-7l7 7',
  down: 'M5 9l7 7l7-7',
  list: 'M8 6h13M8 12h13M8 18h13M3.5 6v.01M3.5 12v.01M3.5 18v.01',
  keypad: 'M5 4h3v3H5zM10.5 4h3v3h-3zM16 4h3v3h-3zM5 10h3v3H5zM10.5 10h3v3h-3zM16 10h3v3h-3zM5 16h3v3H5zM10.5 16h3v3h-3zM16 16h3v3h-3z',
  // somebody who reads what is held out to them
  reader: 'M7 4a3 3 0 1 0 0 6a3 3 0 1 0 0-6zM2 20c0-4 2-7 5-7s5 3 5 7M14 6h8v12h-8zM17 9v6M20 9v6',
  microphone: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11v1a6 6 0 0 0 12 0v-1M12 18v3M8 21h8',
  eye: 'M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7zM12 9a3 3 0 1 0 0 6a3 3 0 1 0 0-6z',
  stop: 'M6 6h12v12H6z',
  play: 'M7 4l12 8l-12 8z',
  pause: 'M8 5v14M16 5v14',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  undo: 'M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 10h-2',
  barcode: 'M4 5v14M7 5v14M11 5v14M13 5v14M17 5v14M20 5v14',
  plus: 'M12 4v16M4 12h16',
  printer: 'M7 8V3h10v5M7 17H3V8h18v9h-4M7 13h10v8H7zM17.5 10.5v.01',
  walk: 'M13 4.5v.01M10 21l2-6l3 2v4M12 15l1-6l-4 1v4M13 9l3 3h2',
} as const

export type GlyphName = keyof typeof GLYPHS
