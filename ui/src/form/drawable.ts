/** Something that was drawn on: what a drawing pad gives to whoever keeps its picture. */
export interface Drawable {
  /** The picture as it is now; `null` if nothing was drawn on a blank sheet. */
  picture(): Promise<Blob | null>
}
